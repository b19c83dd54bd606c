package state

import (
	"strings"

	"larder/wasm/message"
)

// choices lists the models of the index: each model's latest version first, then
// every version by its number, newest first. Models that are known to take
// something else than pictures have no place on this page.
func (a *App) choices() []ChoiceView {
	list := []ChoiceView{}
	for _, m := range a.index.Models {
		if m.Task != "" && m.Task != message.TaskPictures {
			continue
		}
		title := m.Title
		if title == "" {
			title = m.Name
		}
		label := title + " · latest"
		if latest := m.Aliases["latest"]; latest != "" {
			label += " (" + latest + ")"
		}
		list = append(list, a.choice(m.Name, "", label))
		for i := len(m.Versions) - 1; i >= 0 && len(m.Versions) > 1; i-- {
			list = append(list, a.choice(m.Name, m.Versions[i], title+" · "+m.Versions[i]))
		}
	}
	return list
}

func (a *App) choice(name, version, label string) ChoiceView {
	return ChoiceView{Value: name + "@" + version, Label: label, Chosen: name == a.name && version == a.version}
}

// ChooseValue is Choose with a ChoiceView's value.
func (a *App) ChooseValue(value string) {
	if name, version, ok := strings.Cut(value, "@"); ok {
		a.Choose(name, version)
	}
}
