// Package schedule works out when periodic task groups are due.
//
// A schedule is a cron expression of five fields (minute, hour, day of month,
// month, day of week) or one of @hourly, @daily, @weekly, @monthly and @yearly;
// or a repeating interval of ISO 8601, R[n]/START/PERIOD.
//
// # Clocks that are put forward or back
//
// A cron expression whose hour is fixed ("30 2 * * *", "0 8-17 * * *") means a
// time on the wall: each is due once a day. One that does not exist, because the
// clock is put forward, is due as much later as the clock is put forward; one that
// is there twice is due the first time. An expression for every hour, or every so
// many ("0 * * * *", "*/30 */2 * * *"), goes by the time that passes: what is
// there twice is due twice, and what does not exist is not due.
//
// Years, months, weeks and days of an interval are those of the calendar in the
// time zone; hours, minutes and seconds are time that passes. Occurrence k is k
// periods after the start; a day that a month does not have is its last.
package schedule
