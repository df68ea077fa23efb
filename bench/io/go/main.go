// The peer of `./x bench io` in Go, with its own TLS.
//
//	go tls|tls_bulk|file|relay|lines    a server; prints its port
//	go run WHAT WIDTH N FOLDER          prints two figures (../run.h)
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func expect(good bool, what string) {
	if !good {
		panic(what)
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

var rows = map[string]func(data string, i int){
	"read_small":  readSmall,
	"write_small": writeSmall,
	"read_large":  readLarge,
	"write_large": writeLarge,
	"read_at":     readAt,
	"walk":        walk,
	"spawn":       spawn,
	"output":      output,
}

// operate does the operations 0 to n - 1, width of them at once.
func operate(row func(data string, i int), width, n int, data string) {
	var next int64 = -1
	var all sync.WaitGroup
	for k := 0; k < width; k++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := atomic.AddInt64(&next, 1); i < int64(n); i = atomic.AddInt64(&next, 1) {
				row(data, int(i))
			}
		}()
	}
	all.Wait()
}

func run(what, width, n, data string) {
	row := rows[what]
	if row == nil {
		os.Exit(77)
	}
	w, err := strconv.Atoi(width)
	check(err)
	count, err := strconv.Atoi(n)
	check(err)
	operate(row, w, count/10+1, data)
	from, used := time.Now(), cpu()
	operate(row, w, count, data)
	used = cpu() - used
	wall := time.Since(from)
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 / float64(count) }
	fmt.Printf("%.4f %.4f\n", each(used), each(wall))
}

func main() {
	switch {
	case len(os.Args) == 2:
		serve(os.Args[1])
	case len(os.Args) == 6 && os.Args[1] == "run":
		run(os.Args[2], os.Args[3], os.Args[4], os.Args[5])
	default:
		os.Exit(2)
	}
}
