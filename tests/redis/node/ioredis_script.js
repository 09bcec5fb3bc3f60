//  ioredis_script: every group of commands, as ioredis sends them. Arguments: one|cluster HOST:PORT..., or one|cluster load
//  HOST:PORT... (see script.js); REDIS_PASSWORD is what nodes ask for.
//  SPDX-License-Identifier: MPL-2.0
'use strict';
const assert = require('assert');
const Redis = require('ioredis');
const { kind, load, addresses, password, run, start } = require('./script.js');

const equal = assert.deepStrictEqual;

function connect(options) {
  const made = kind === 'cluster'
    ? new Redis.Cluster(addresses, { redisOptions: { password, ...options }, clusterRetryStrategy: () => 100, ...options })
    : new Redis({ ...addresses[0], password, ...options });
  made.on('error', (fault) => { made.fault = fault; });
  return made;
}

async function strings(redis) {
  equal(await redis.set('{k}a', 'one', 'EX', 100), 'OK');
  equal(await redis.set('{k}a', 'two', 'NX'), null);
  equal(await redis.set('{k}a', 'two', 'XX', 'GET'), 'one');
  equal(await redis.get('{k}a'), 'two');
  equal(await redis.get('{k}none'), null);
  equal(await redis.getset('{k}a', 'one'), 'two');
  equal(await redis.setnx('{k}a', 'two'), 0);
  equal(await redis.setex('{k}e', 100, 'x'), 'OK');
  equal(await redis.psetex('{k}e', 100000, 'y'), 'OK');
  equal(await redis.getex('{k}e', 'PERSIST'), 'y');
  equal(await redis.getdel('{k}e'), 'y');
  equal(await redis.mset({ '{k}x': 1, '{k}y': 2 }), 'OK');
  equal(await redis.mget('{k}x', '{k}none', '{k}y'), ['1', null, '2']);
  equal(await redis.append('{k}a', '!'), 4);
  equal(await redis.strlen('{k}a'), 4);
  equal(await redis.getrange('{k}a', 1, -2), 'ne');
  equal(await redis.setrange('{k}a', 0, 'O'), 4);
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
  equal(await redis.set(bytes, bytes), 'OK');
  equal(await redis.getBuffer(bytes), bytes);
  equal(await redis.del(bytes), 1);
  await assert.rejects(redis.set('{k}a', 'x', 'EX', 0), /ERR invalid expire time in 'set' command/);
}

async function counters(redis) {
  equal(await redis.incr('{k}n'), 1);
  equal(await redis.incrby('{k}n', 41), 42);
  equal(await redis.decr('{k}n'), 41);
  equal(await redis.decrby('{k}n', 50), -9);
  equal(await redis.incrbyfloat('{k}f', 0.5), '0.5');
  await assert.rejects(redis.incr('{k}a'), /ERR value is not an integer or out of range/);
}

async function generic(redis) {
  equal(await redis.exists('{k}a', '{k}n', '{k}none'), 2);
  equal(await redis.type('{k}a'), 'string');
  equal(await redis.touch('{k}a', '{k}none'), 1);
  equal(await redis.rename('{k}a', '{k}b'), 'OK');
  equal(await redis.renamenx('{k}b', '{k}n'), 0);
  equal(await redis.copy('{k}b', '{k}c'), 1);
  equal(await redis.object('ENCODING', '{k}n'), 'int');
  equal(await redis.unlink('{k}c', '{k}none'), 1);
  equal(await redis.del('{k}b', '{k}x', '{k}y'), 3);
  await assert.rejects(redis.rename('{k}none', '{k}b'), /ERR no such key/);
}

async function expiry(redis) {
  const within = (number, most) => assert.ok(number > most - 30 && number <= most, `${number}, not ${most}`);
  equal(await redis.set('{k}t', 'v'), 'OK');
  equal(await redis.ttl('{k}t'), -1);
  equal(await redis.expire('{k}t', 100), 1);
  equal(await redis.expire('{k}t', 200, 'LT'), 0);
  within(await redis.ttl('{k}t'), 100);
  equal(await redis.pexpire('{k}t', 200000), 1);
  within(await redis.pttl('{k}t') / 1000, 200);
  equal(await redis.persist('{k}t'), 1);
  equal(await redis.expireat('{k}t', 4102444800), 1);
  equal(await redis.expiretime('{k}t'), 4102444800);
  equal(await redis.pexpire('{k}t', -1), 1);
  equal(await redis.exists('{k}t'), 0);
}

//  Commands of one slot in one pipeline, then of many slots by as many promises
async function pipelines(redis) {
  const pipeline = redis.pipeline();
  for (let at = 0; at < 500; at++)
    pipeline.set(`{p}${at}`, at).get(`{p}${at}`);
  const replies = await pipeline.exec();
  equal(replies, Array.from({ length: 1000 }, (_, at) => [null, at % 2 ? `${(at - 1) / 2}` : 'OK']));
  const automatic = connect({ enableAutoPipelining: true });
  const stored = await Promise.all(Array.from({ length: 500 }, (_, at) => automatic.set(`auto:${at}`, at)));
  equal(stored, Array(500).fill('OK'));
  const found = await Promise.all(Array.from({ length: 500 }, (_, at) => automatic.get(`auto:${at}`)));
  equal(found, Array.from({ length: 500 }, (_, at) => `${at}`));
  await automatic.quit();
}

//  Every node tells of the keys of all
const RELEASE = 'if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end';

async function transactions(redis) {
  equal(await redis.multi().set('{t}a', 1).incr('{t}a').get('{t}none').exec(), [[null, 'OK'], [null, 2], [null, null]]);
  equal(await redis.set('{t}lock', 'mine', 'PX', 10000, 'NX'), 'OK');
  equal(await redis.eval(RELEASE, 1, '{t}lock', 'other'), 0);
  redis.defineCommand('release', { numberOfKeys: 1, lua: RELEASE });
  equal(await redis.release('{t}lock', 'mine'), 1);
  equal(await redis.del('{t}a', '{t}lock'), 1);
}

async function scans(redis) {
  for (const node of kind === 'cluster' ? redis.nodes('master') : [redis]) {
    const found = [];
    for await (const some of node.scanStream({ match: '{p}*', count: 100 }))
      found.push(...some);
    equal(found.sort(), Array.from({ length: 500 }, (_, at) => `{p}${at}`).sort());
    assert.ok((await node.dbsize()) >= 1000);
    equal((await node.keys('{p}1?')).length, 10);
  }
}

async function topics(redis) {
  const hearer = connect();
  const next = (event) => new Promise((resolve) => { hearer.once(event, (...words) => resolve(words)); });
  equal(await hearer.subscribe('news'), 1);
  equal(await hearer.psubscribe('w*'), 2);
  equal(await redis.pubsub('CHANNELS'), ['news']);
  equal(await redis.pubsub('NUMSUB', 'news', 'none'), ['news', 1, 'none', 0]);
  equal(await redis.pubsub('NUMPAT'), 1);
  const [news, weather] = [next('message'), next('pmessage')];
  equal(await redis.publish('news', 'hello'), 1);
  equal(await redis.publish('weather', 'rain'), 1);
  equal(await redis.publish('nobody', 'x'), 0);
  equal(await news, ['news', 'hello']);
  equal(await weather, ['w*', 'weather', 'rain']);
  equal(await hearer.unsubscribe('news'), 1);
  equal(await hearer.punsubscribe(), 0);
  await hearer.quit();
}

//  Of one connection
async function connection(redis) {
  equal(await redis.ping(), 'PONG');
  equal(await redis.echo('hello'), 'hello');
  equal((await redis.call('HELLO', '2', 'SETNAME', 'script')).slice(0, 2), ['server', 'redis']);
  equal(await redis.client('GETNAME'), 'script');
  equal(await redis.client('SETNAME', 'other'), 'OK');
  assert.match(await redis.client('INFO'), / name=other /);
  assert.match(await redis.client('LIST'), / name=other /);
  assert.ok((await redis.client('ID')) > 0);
  equal(await redis.select(1), 'OK');
  equal(await redis.get('{k}n'), null);
  equal(await redis.select(0), 'OK');
  await assert.rejects(redis.auth('nonesuch'), password ? /WRONGPASS/ : /without any password configured/);
  await assert.rejects(redis.call('NONESUCH', 'a'), /ERR unknown command 'NONESUCH'/);
}

async function server(redis) {
  assert.match(await redis.info(), /redis_version:7\./);
  assert.match(await redis.info('keyspace'), /db0:keys=/);
  equal((await redis.config('GET', 'maxmemory'))[0], 'maxmemory');
  assert.ok((await redis.command('COUNT')) > 80);
  equal((await redis.command('INFO', 'get'))[0][0], 'get');
  equal((await redis.time()).length, 2);
  equal((await redis.role())[0], 'master');
  assert.ok((await redis.memory('USAGE', '{k}n')) > 0);
  equal(await redis.slowlog('LEN'), 0);
}

async function cluster(redis) {
  equal(await redis.cluster('KEYSLOT', '{foo}bar'), 12182);
  assert.match(await redis.cluster('INFO'), /cluster_state:ok/);
  const slots = await redis.cluster('SLOTS');
  equal(slots.reduce((total, [first, last]) => total + last - first + 1, 0), 16384);
  const owners = new Set(slots.map(([, , [host, port]]) => `${host}:${port}`));
  const wanted = new Set(addresses.map(({ host, port }) => `${host}:${port}`));
  equal(owners, wanted);
  assert.match(await redis.cluster('NODES'), /myself,master/);
}

async function maps(redis) {
  equal(await redis.call('DM.PUT', 'map', 'key', 'one', 'EX', '100'), 'OK');
  equal(await redis.call('DM.GET', 'map', 'key'), 'one');
  equal(await redis.call('DM.GETPUT', 'map', 'key', 'two'), 'one');
  equal(await redis.call('DM.CAS', 'map', 'key', 'two', 'three'), 1);
  equal(await redis.call('DM.INCR', 'map', 'n', '5'), 5);
  const token = await redis.call('DM.LOCK', 'map', 'lock', '5', 'EX', '10');
  equal(await redis.call('DM.UNLOCK', 'map', 'lock', token), 'OK');
  equal(await redis.call('DM.DEL', 'map', 'key'), 1);
  await assert.rejects(redis.call('DM.GET', 'map', 'key'), /KEYNOTFOUND/);
  equal(await redis.call('DM.DESTROY', 'map'), 'OK');
}

async function groups() {
  const redis = connect();
  equal(await redis.flushall(), 'OK');
  for (const group of [strings, counters, generic, expiry, pipelines, transactions, scans, topics, server, maps])
    await group(redis);
  for (const node of kind === 'cluster' ? redis.nodes('master') : [redis])
    await connection(node);
  //  The last: whoever asked for the table is sent to the owners of keys from then on
  await cluster(redis);
  await redis.quit();
  console.log('done');
}

async function loaded() {
  const [redis, plain] = [connect(), new Redis({ ...addresses[0], password })];
  await run({ increment: (key) => redis.incr(key), set: (key, value) => redis.set(key, value) },
    [(key) => redis.get(key), (key) => plain.get(key)]);
}

start(load ? loaded : groups);
