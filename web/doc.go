// Package web holds the page's components: what Larder's demo looks like.
//
// Each part is three files: NAME.vugu is the markup, NAME.go the type with its
// handlers, and NAME_gen.go what vugugen makes of the two. A component gets
// finished texts (a struct of package state) and hands what a person does to
// [Actions]; it decides nothing and knows neither Larder nor the browser. The
// whole tree is [Root].
//
// [RenderShell] renders the tree natively into the static page, so that a visitor
// sees it before any WebAssembly has arrived; the app then takes over the same
// nodes. web/static holds the rest of the page: its frame, style, boot script and
// service worker. What must survive without the app (the crash notice, the notice
// of a new version, the camera's dialog) stands in static/index.html.
//
// # Rules of the house
//
//   - No inline style and no inline script: the Content-Security-Policy forbids
//     both. Bars are meter and progress elements, looks are classes.
//   - vg-content, never vg-html: texts come from files and models.
//   - Only click and change are bound here. The page's other events (a file's
//     arrival, drag and drop, paste, the camera) are bound by wasm/app, since
//     Vugu copies the whole target for each event that it hands over.
//   - An element that has an id keeps it: wasm/app and tests look it up.
//   - An element whose children all come and go (vg-if, a component) has a line
//     break around them: Vugu 0.4.0 leaves the children of an element alone that has
//     none any more, so what should vanish would stay. The line break is a child.
//
// # Adding a component
//
//  1. Write part.vugu and part.go; run go generate ./web.
//  2. Put <web:Part> into root.vugu.
//  3. Add its states to the table in part_test.go.
//
// # Icons
//
// static/icons/*.png are drawn from static/icons/icon.svg and maskable.svg by
// icons.sh, which needs Chromium; the PNGs are committed.
package web

//go:generate go tool vugugen -skip-go-mod -skip-main .
//go:generate go fmt .
