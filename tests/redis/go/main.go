//  main: every group of commands, as go-redis sends them. Arguments: one|cluster HOST:PORT..., or one|cluster load
//  HOST:PORT... (see load.go); REDIS_PASSWORD is what nodes ask for.
//  SPDX-License-Identifier: MPL-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

var none = context.Background()

func fail(format string, words ...interface{}) {
	fmt.Printf("FAILED: "+format+"\n", words...)
	os.Exit(1)
}

func equal(what string, found, wanted interface{}) {
	if !reflect.DeepEqual(found, wanted) {
		fail("%s: %v, not %v", what, found, wanted)
	}
}

// The value of a reply that must not be an error
func must[T any](value T, fault error) T {
	if fault != nil {
		fail("%v", fault)
	}
	return value
}

func refused(fault error, text string) {
	if fault == nil || !strings.Contains(fault.Error(), text) {
		fail("refused with %v, not %s", fault, text)
	}
}

func within(what string, found, most time.Duration) {
	if found > most || found <= most-30*time.Second {
		fail("%s: %v, not %v", what, found, most)
	}
}

func values(db redis.UniversalClient) {
	equal("SET", must(db.Set(none, "{k}a", "one", 100*time.Second).Result()), "OK")
	equal("SET NX", must(db.SetNX(none, "{k}a", "two", 0).Result()), false)
	equal("SET XX", must(db.SetXX(none, "{k}a", "two", 0).Result()), true)
	equal("GET", must(db.Get(none, "{k}a").Result()), "two")
	equal("GET none", db.Get(none, "{k}none").Err(), redis.Nil)
	equal("GETSET", must(db.GetSet(none, "{k}a", "one").Result()), "two")
	equal("SETEX", must(db.SetEx(none, "{k}e", "x", 100*time.Second).Result()), "OK")
	equal("GETEX", must(db.GetEx(none, "{k}e", 0).Result()), "x")
	equal("GETDEL", must(db.GetDel(none, "{k}e").Result()), "x")
	equal("MSET", must(db.MSet(none, "{k}x", 1, "{k}y", 2).Result()), "OK")
	equal("MGET", must(db.MGet(none, "{k}x", "{k}none", "{k}y").Result()), []interface{}{"1", nil, "2"})
	equal("APPEND", must(db.Append(none, "{k}a", "!").Result()), int64(4))
	equal("STRLEN", must(db.StrLen(none, "{k}a").Result()), int64(4))
	equal("GETRANGE", must(db.GetRange(none, "{k}a", 1, -2).Result()), "ne")
	equal("SETRANGE", must(db.SetRange(none, "{k}a", 0, "O").Result()), int64(4))
	var bytes [256]byte
	for at := range bytes {
		bytes[at] = byte(at)
	}
	every := string(bytes[:])
	equal("SET bytes", must(db.Set(none, every, every, 0).Result()), "OK")
	equal("GET bytes", must(db.Get(none, every).Result()), every)
	equal("DEL bytes", must(db.Del(none, every).Result()), int64(1))
}

func counters(db redis.UniversalClient) {
	equal("INCR", must(db.Incr(none, "{k}n").Result()), int64(1))
	equal("INCRBY", must(db.IncrBy(none, "{k}n", 41).Result()), int64(42))
	equal("DECR", must(db.Decr(none, "{k}n").Result()), int64(41))
	equal("DECRBY", must(db.DecrBy(none, "{k}n", 50).Result()), int64(-9))
	equal("INCRBYFLOAT", must(db.IncrByFloat(none, "{k}f", 0.5).Result()), 0.5)
	refused(db.Incr(none, "{k}a").Err(), "ERR value is not an integer or out of range")
}

func generic(db redis.UniversalClient) {
	equal("EXISTS", must(db.Exists(none, "{k}a", "{k}n", "{k}none").Result()), int64(2))
	equal("TYPE", must(db.Type(none, "{k}a").Result()), "string")
	equal("TOUCH", must(db.Touch(none, "{k}a", "{k}none").Result()), int64(1))
	equal("RENAME", must(db.Rename(none, "{k}a", "{k}b").Result()), "OK")
	equal("RENAMENX", must(db.RenameNX(none, "{k}b", "{k}n").Result()), false)
	equal("COPY", must(db.Copy(none, "{k}b", "{k}c", 0, false).Result()), int64(1))
	equal("OBJECT", must(db.ObjectEncoding(none, "{k}n").Result()), "int")
	equal("UNLINK", must(db.Unlink(none, "{k}c", "{k}none").Result()), int64(1))
	equal("DEL", must(db.Del(none, "{k}b", "{k}x", "{k}y").Result()), int64(3))
	refused(db.Rename(none, "{k}none", "{k}b").Err(), "ERR no such key")
}

func expiry(db redis.UniversalClient) {
	equal("SET", must(db.Set(none, "{k}t", "v", 0).Result()), "OK")
	equal("TTL", must(db.TTL(none, "{k}t").Result()), time.Duration(-1))
	equal("EXPIRE", must(db.Expire(none, "{k}t", 100*time.Second).Result()), true)
	equal("EXPIRE LT", must(db.ExpireLT(none, "{k}t", 200*time.Second).Result()), false)
	within("TTL", must(db.TTL(none, "{k}t").Result()), 100*time.Second)
	equal("PEXPIRE", must(db.PExpire(none, "{k}t", 200*time.Second).Result()), true)
	within("PTTL", must(db.PTTL(none, "{k}t").Result()), 200*time.Second)
	equal("PERSIST", must(db.Persist(none, "{k}t").Result()), true)
	equal("EXPIREAT", must(db.ExpireAt(none, "{k}t", time.Unix(4102444800, 0)).Result()), true)
	equal("EXPIRETIME", must(db.ExpireTime(none, "{k}t").Result()), 4102444800*time.Second)
	equal("EXPIREAT", must(db.ExpireAt(none, "{k}t", time.Unix(1, 0)).Result()), true)
	equal("EXISTS", must(db.Exists(none, "{k}t").Result()), int64(0))
}

func pipelines(db redis.UniversalClient) {
	pipe := db.Pipeline()
	for at := 0; at < 500; at++ {
		pipe.Set(none, fmt.Sprintf("p:%d", at), at, 0)
		pipe.Get(none, fmt.Sprintf("p:%d", at))
	}
	for at, reply := range must(pipe.Exec(none)) {
		if at%2 == 0 {
			equal("SET in a pipeline", reply.(*redis.StatusCmd).Val(), "OK")
		} else {
			equal("GET in a pipeline", reply.(*redis.StringCmd).Val(), fmt.Sprint(at/2))
		}
	}
}

func topics(db redis.UniversalClient, hearer *redis.PubSub) {
	next := func() interface{} {
		return must(hearer.ReceiveTimeout(none, 20*time.Second))
	}
	equal("SUBSCRIBE", next(), &redis.Subscription{Kind: "subscribe", Channel: "news", Count: 1})
	must(0, hearer.PSubscribe(none, "w*"))
	equal("PSUBSCRIBE", next(), &redis.Subscription{Kind: "psubscribe", Channel: "w*", Count: 2})
	equal("PUBSUB CHANNELS", must(db.PubSubChannels(none, "*").Result()), []string{"news"})
	equal("PUBSUB NUMSUB", must(db.PubSubNumSub(none, "news", "none").Result()), map[string]int64{"news": 1, "none": 0})
	equal("PUBSUB NUMPAT", must(db.PubSubNumPat(none).Result()), int64(1))
	equal("PUBLISH", must(db.Publish(none, "news", "hello").Result()), int64(1))
	equal("a message", next(), &redis.Message{Channel: "news", Payload: "hello"})
	equal("PUBLISH", must(db.Publish(none, "weather", "rain").Result()), int64(1))
	equal("a message", next(), &redis.Message{Channel: "weather", Pattern: "w*", Payload: "rain"})
	equal("PUBLISH", must(db.Publish(none, "nobody", "x").Result()), int64(0))
	must(0, hearer.Unsubscribe(none, "news"))
	equal("UNSUBSCRIBE", next(), &redis.Subscription{Kind: "unsubscribe", Channel: "news", Count: 1})
	must(0, hearer.Close())
}

// What is asked of one node
func server(db *redis.Client) {
	var found []string
	keys := db.Scan(none, 0, "p:*", 100).Iterator()
	for keys.Next(none) {
		found = append(found, keys.Val())
	}
	must(0, keys.Err())
	sort.Strings(found)
	all := must(db.Keys(none, "p:*").Result())
	sort.Strings(all)
	equal("SCAN", len(found), 500)
	equal("SCAN", found, all)
	if must(db.DBSize(none).Result()) < 500 || len(must(db.Command(none).Result())) < 80 {
		fail("DBSIZE or COMMAND: too few")
	}
	equal("CONFIG GET", must(db.ConfigGet(none, "maxmemory").Result()), map[string]string{"maxmemory": "0"})
	if !strings.Contains(must(db.Info(none).Result()), "redis_version:7.") {
		fail("INFO")
	}
	if time.Since(must(db.Time(none).Result())) > time.Minute || must(db.MemoryUsage(none, "{k}n").Result()) < 8 {
		fail("TIME or MEMORY USAGE")
	}
	equal("CLUSTER KEYSLOT", must(db.ClusterKeySlot(none, "{foo}bar").Result()), int64(12182))
	if !strings.Contains(must(db.ClusterInfo(none).Result()), "cluster_state:ok") {
		fail("CLUSTER INFO")
	}
	slots := 0
	for _, some := range must(db.ClusterSlots(none).Result()) {
		slots += some.End - some.Start + 1
	}
	equal("CLUSTER SLOTS", slots, 16384)
	if len(must(db.ClusterShards(none).Result())) == 0 {
		fail("CLUSTER SHARDS")
	}
}

func connection(db *redis.Conn) {
	equal("PING", must(db.Ping(none).Result()), "PONG")
	equal("ECHO", must(db.Echo(none, "hello").Result()), "hello")
	equal("HELLO", must(db.Hello(none, 3, "", "", "script").Result())["server"], "redis")
	equal("CLIENT GETNAME", must(db.ClientGetName(none).Result()), "script")
	equal("CLIENT SETNAME", must(db.ClientSetName(none, "other").Result()), true)
	equal("CLIENT INFO", must(db.ClientInfo(none).Result()).Name, "other")
	if must(db.ClientID(none).Result()) < 1 || !strings.Contains(must(db.ClientList(none).Result()), " name=other ") {
		fail("CLIENT ID or LIST")
	}
	equal("SELECT", must(db.Select(none, 1).Result()), "OK")
	equal("GET", db.Get(none, "{k}n").Err(), redis.Nil)
	equal("SELECT", must(db.Select(none, 0).Result()), "OK")
	text := "without any password configured"
	if password != "" {
		text = "WRONGPASS"
	}
	refused(db.Auth(none, "nonesuch").Err(), text)
}

func maps(db *redis.Client) {
	ask := func(words ...interface{}) interface{} {
		return must(db.Do(none, words...).Result())
	}
	equal("DM.PUT", ask("DM.PUT", "map", "key", "one", "EX", 100), "OK")
	equal("DM.GET", ask("DM.GET", "map", "key"), "one")
	equal("DM.GETPUT", ask("DM.GETPUT", "map", "key", "two"), "one")
	equal("DM.CAS", ask("DM.CAS", "map", "key", "two", "three"), int64(1))
	equal("DM.INCR", ask("DM.INCR", "map", "n", 5), int64(5))
	equal("DM.UNLOCK", ask("DM.UNLOCK", "map", "lock", ask("DM.LOCK", "map", "lock", 5, "EX", 10)), "OK")
	equal("DM.DEL", ask("DM.DEL", "map", "key"), int64(1))
	refused(db.Do(none, "DM.GET", "map", "key").Err(), "KEYNOTFOUND")
	equal("DM.DESTROY", ask("DM.DESTROY", "map"), "OK")
}

var password = os.Getenv("REDIS_PASSWORD")

func connect(kind string, addresses []string) redis.UniversalClient {
	if kind == "cluster" {
		return redis.NewClusterClient(&redis.ClusterOptions{Addrs: addresses, Password: password})
	}
	return redis.NewClient(&redis.Options{Addr: addresses[0], Password: password})
}

func groups(kind string, addresses []string) {
	db := connect(kind, addresses)
	node := redis.NewClient(&redis.Options{Addr: addresses[0], Password: password})
	equal("FLUSHALL", must(node.FlushAll(none).Result()), "OK")
	for _, group := range []func(redis.UniversalClient){values, counters, generic, expiry, pipelines} {
		group(db)
	}
	topics(db, db.Subscribe(none, "news"))
	maps(node)
	connection(node.Conn())
	server(node)
	must(0, db.Close())
	must(0, node.Close())
	fmt.Println("done")
}

func main() {
	if len(os.Args) > 3 && os.Args[2] == "load" {
		load(os.Args[1], os.Args[3:])
		return
	}
	groups(os.Args[1], os.Args[2:])
}
