// Package trace turns public cluster traces and accounting logs into scenarios for package sim.
//
// A trace is read line by line, plain or packed with gzip or bzip2, and written out as it is read: the memory that an
// import needs does not grow with the file. What a trace does not say is a model: each Format
// states its own in About, which is also what the command line shows.
//
// Nothing is dropped or changed in silence. A line that breaks the rules of its format ends the
// import with file, line and column. A job that is well written but impossible, such as one that
// ended before it began, is left out and counted by its reason in the Summary, with the first lines
// where that happened. What a job asks for and a simulation does not honour is counted too.
//
// Rules of all formats:
//
//   - Times become whole milliseconds, rounded to the nearest; a run time of less than one, which
//     logs of whole seconds have, becomes one. Amounts become thousandths and are rounded up, so
//     that nothing fits that would not.
//   - Job ids become names of task groups. Traces list their jobs by rising id; an id that does not
//     rise gets the number of its job appended, so that names stay unique without a list of them.
//   - A parallel job is one instance where one machine can hold it, and otherwise a gang of equal
//     instances. A gang that all machines together could not hold is impossible.
package trace
