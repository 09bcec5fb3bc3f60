//  load: workers that count and store until standard input ends; each line of it is answered with what each worker has done
//  so far. At the end: what was lost of what was acknowledged.
//  SPDX-License-Identifier: MPL-2.0

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

const workers = 8
const countersOfEach = 20

type worker struct {
	name     int
	done     int64
	failures int
	last     string
	counters map[string]int64
	keys     map[string]string
}

func (self *worker) work(db redis.UniversalClient, ended *int32) {
	for number := 0; atomic.LoadInt32(ended) == 0; number++ {
		counter := fmt.Sprintf("counter:%d:%d", self.name, number%countersOfEach)
		key, value := fmt.Sprintf("once:%d:%d", self.name, number), fmt.Sprint(number)
		found, fault := db.Incr(none, counter).Result()
		if fault == nil {
			//  Nobody else adds to it: what was acknowledged may not be taken back
			if found <= self.counters[counter] {
				fail("%s was %d, is %d", counter, self.counters[counter], found)
			}
			self.counters[counter] = found
			fault = db.Set(none, key, value, 0).Err()
		}
		if fault != nil {
			self.failures++
			self.last = fault.Error()
			continue
		}
		self.keys[key] = value
		atomic.AddInt64(&self.done, 1)
	}
}

// How many acknowledged writes a reader does not see
func (self *worker) missing(db redis.UniversalClient) (lost int) {
	for counter, value := range self.counters {
		if found, fault := db.Get(none, counter).Int64(); fault != nil || found < value {
			lost++
		}
	}
	for key, value := range self.keys {
		if found, fault := db.Get(none, key).Result(); fault != nil || found != value {
			lost++
		}
	}
	return lost
}

func load(kind string, addresses []string) {
	db, plain := connect(kind, addresses), connect("one", addresses)
	var ended int32
	var group sync.WaitGroup
	var all []*worker
	for name := 0; name < workers; name++ {
		one := &worker{name: name, counters: map[string]int64{}, keys: map[string]string{}}
		all = append(all, one)
		group.Add(1)
		go func() {
			defer group.Done()
			one.work(db, &ended)
		}()
	}
	fmt.Println("running")
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		var done []int64
		for _, one := range all {
			done = append(done, atomic.LoadInt64(&one.done))
		}
		fmt.Println(string(must(json.Marshal(done))))
	}
	atomic.StoreInt32(&ended, 1)
	group.Wait()
	lost, failures, keys, last := 0, 0, 0, ""
	for _, one := range all {
		lost += one.missing(db) + one.missing(plain)
		failures += one.failures
		keys += len(one.keys)
		if one.last != "" {
			last = one.last
		}
	}
	sums := map[string]interface{}{"lost": lost, "failures": failures, "keys": keys, "last": last}
	fmt.Println(string(must(json.Marshal(sums))))
}
