// The colour theme: puts the remembered one into effect before anything is
// painted, which is why this is a classic script in the head. The app calls
// larderTheme when a person chooses another.
(() => {
  const key = "larder.theme";
  const root = document.documentElement;
  const bars = [...document.querySelectorAll('meta[name="theme-color"]')].map((meta) => [meta, meta.content]);
  const show = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    // The browser's own bar follows: one meta element is for light, one for dark.
    for (const [meta, content] of bars) {
      const chosen = bars.find(([m]) => m.media.includes(theme));
      meta.content = chosen ? chosen[1] : content;
    }
  };
  const known = (theme) => (theme === "light" || theme === "dark" ? theme : "auto");
  let remembered = "auto";
  try {
    remembered = known(localStorage.getItem(key));
  } catch {
    // Storage is blocked: the system's theme it is, and a choice lasts for this visit.
  }
  show(remembered);
  globalThis.larderTheme = {
    remembered,
    choose(theme) {
      show(known(theme));
      try {
        localStorage.setItem(key, known(theme));
      } catch {
        // As above.
      }
    },
  };
})();
