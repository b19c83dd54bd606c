// Package schedule computes when things are due by the calendar: "the 10th of each
// month, 07:00 in Berlin". It is pure: no clock, no timer, and no zone database of its
// own, because a browser has one already. A [Zone] tells it where the clocks stand.
//
//	expr, err := schedule.Parse("0 7 10 * *")
//	zone, err := schedule.Load("Europe/Berlin") // in a browser: bridge.LoadZone
//	next := expr.In(zone).Next(time.Now())
//
// # Expressions
//
// Five fields, separated by blanks: minute (0-59), hour (0-23), day of the month (1-31),
// month (1-12 or JAN-DEC), day of the week (0-7 or SUN-SAT; 0 and 7 are Sunday). Each is
// a list, separated by commas, of
//
//   - every value        5      one            10-14  a range, both ends included
//     */15    every 15th value   5/15   from 5 on      10-50/20
//
// The day of the month also takes L, the last day, and L-3, three days before it. The
// day of the week also takes MON#2, the second Monday, and FRIL, the last Friday. Letters
// may be small. If both days are restricted (neither begins with *), either one is enough, as in
// every cron; a restricted one alone must match. A month without the day has no run:
// 31 is due in seven months, L in all. What no year ever has is refused ([Impossible]).
//
// # Summer time
//
// A time is due at the first instant at which the place's clocks show it or have passed
// it. So each time is due once a day, always:
//
//   - Skipped, because clocks are set forward: due at the first instant after the gap.
//     "30 2 * * *" in Berlin is due at 03:00 on the last Sunday of March. Times that share
//     a gap share that instant. A day that a place skips as a whole (Samoa left out 30
//     December 2011) is such a gap.
//   - Repeated, because clocks are set back: due at the first occurrence, not again.
//
// An expression for every hour ("*/30 * * * *"; its hours are all 24) is an interval,
// and means the time that passes: it is due whenever the clocks show one of its minutes,
// in both passes of a repeated hour, and nothing is made up for a gap.
package schedule
