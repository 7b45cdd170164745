// Package theme is how Jolly looks, as tables: colours, type sizes and fonts.
//
// Sizes are written in the pixels of the reference panel (21.5 inch, 1080x1920,
// 0.248 mm per pixel, see [ReferenceMMPerPx]); package ui turns them into the
// pixels of the panel at hand, so that they are millimetres in truth.
//
// Two palettes, two sets of sizes: high contrast and large text are choices of
// the citizen that end with the visit. In high contrast yellow says "can be
// touched" and nothing else; nothing changes place. The package is not for
// layout and draws nothing. It starts no goroutine and cannot fail: a font that
// is missing is found by any test that draws.
package theme
