// Package strictyaml reads configuration written in YAML or JSON and tells its author everything
// that is wrong with it, at once, each problem with file, line, column and field.
//
// A file becomes one Value for each of its documents. The reader asks an Object for the fields it
// knows; what it never asked for is an unknown field, and the names it did ask for are what a
// misspelt one is compared with. Nothing is guessed or converted: "yes" is not true, "3" is not 3,
// and null is never the same as leaving a field out. Problems collect in the File; its Err is nil
// only if there was none, so readers go on after a problem and look at Err once, at the end.
//
// Not accepted, because nothing here needs them and each has surprised people: anchors, aliases,
// merge keys, tags, directives, keys that are not plain text, and the same key twice.
package strictyaml
