package schedule_test

import (
	"fmt"
	"time"

	"larder/cache/schedule"
)

// The 10th of each month at seven, by the clocks of Berlin.
func Example() {
	expr, err := schedule.Parse("0 7 10 * *")
	if err != nil {
		fmt.Println(err)
		return
	}
	berlin, err := schedule.Load("Europe/Berlin")
	if err != nil {
		fmt.Println(err)
		return
	}
	due := expr.In(berlin)
	at := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	for range 3 {
		at = due.Next(at)
		fmt.Println(at.Format(time.RFC3339))
	}
	_, err = schedule.Parse("0 7 30 2 *")
	fmt.Println(err)
	// Output:
	// 2026-02-10T06:00:00Z
	// 2026-03-10T06:00:00Z
	// 2026-04-10T05:00:00Z
	// schedule: "0 7 30 2 *": no year has such a day
}

// The same in words, as a manifest has it.
func ExampleSpec() {
	for _, s := range []schedule.Spec{
		{Day: 10, Time: "07:00", Zone: "Europe/Berlin"},
		{Day: schedule.LastDay, Time: "23:30"},
		{Weekday: "MON", Time: "06:00"},
	} {
		expr, err := s.Parse()
		fmt.Println(expr, err)
	}
	// Output:
	// 00 07 10 * * <nil>
	// 30 23 L * * <nil>
	// 00 06 * * MON <nil>
}
