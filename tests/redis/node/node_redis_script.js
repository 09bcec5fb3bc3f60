//  node_redis_script: every group of commands, as node-redis sends them. Arguments: one|cluster HOST:PORT..., or
//  one|cluster load HOST:PORT... (see script.js); REDIS_PASSWORD is what nodes ask for.
//  SPDX-License-Identifier: MPL-2.0
'use strict';
const assert = require('assert');
const { commandOptions, createClient, createCluster } = require('redis');
const { kind, load, addresses, password, run, start } = require('./script.js');

const equal = assert.deepStrictEqual;

async function connect(which = kind) {
  const made = which === 'cluster'
    ? createCluster({ rootNodes: addresses.map((socket) => ({ socket })), defaults: { password } })
    : createClient({ socket: addresses[0], password });
  made.on('error', (fault) => { made.fault = fault; });
  await made.connect();
  return made;
}

async function strings(redis) {
  equal(await redis.set('{k}a', 'one', { EX: 100 }), 'OK');
  equal(await redis.set('{k}a', 'two', { NX: true }), null);
  equal(await redis.set('{k}a', 'two', { XX: true, GET: true }), 'one');
  equal(await redis.get('{k}a'), 'two');
  equal(await redis.get('{k}none'), null);
  equal(await redis.getSet('{k}a', 'one'), 'two');
  equal(await redis.setNX('{k}a', 'two'), false);
  equal(await redis.setEx('{k}e', 100, 'x'), 'OK');
  equal(await redis.pSetEx('{k}e', 100000, 'y'), 'OK');
  equal(await redis.getEx('{k}e', { PERSIST: true }), 'y');
  equal(await redis.getDel('{k}e'), 'y');
  equal(await redis.mSet([['{k}x', '1'], ['{k}y', '2']]), 'OK');
  equal(await redis.mGet(['{k}x', '{k}none', '{k}y']), ['1', null, '2']);
  equal(await redis.append('{k}a', '!'), 4);
  equal(await redis.strLen('{k}a'), 4);
  equal(await redis.getRange('{k}a', 1, -2), 'ne');
  equal(await redis.setRange('{k}a', 0, 'O'), 4);
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
  equal(await redis.set(bytes, bytes), 'OK');
  equal(await redis.get(commandOptions({ returnBuffers: true }), bytes), bytes);
  equal(await redis.del(bytes), 1);
  await assert.rejects(redis.set('{k}a', 'x', { EX: 0 }), /ERR invalid expire time in 'set' command/);
}

async function counters(redis) {
  equal(await redis.incr('{k}n'), 1);
  equal(await redis.incrBy('{k}n', 41), 42);
  equal(await redis.decr('{k}n'), 41);
  equal(await redis.decrBy('{k}n', 50), -9);
  equal(await redis.incrByFloat('{k}f', 0.5), '0.5');
  await assert.rejects(redis.incr('{k}a'), /ERR value is not an integer or out of range/);
}

async function generic(redis) {
  equal(await redis.exists(['{k}a', '{k}n', '{k}none']), 2);
  equal(await redis.type('{k}a'), 'string');
  equal(await redis.touch(['{k}a', '{k}none']), 1);
  equal(await redis.rename('{k}a', '{k}b'), 'OK');
  equal(await redis.renameNX('{k}b', '{k}n'), false);
  equal(await redis.copy('{k}b', '{k}c'), true);
  equal(await redis.objectEncoding('{k}n'), 'int');
  equal(await redis.unlink(['{k}c', '{k}none']), 1);
  equal(await redis.del(['{k}b', '{k}x', '{k}y']), 3);
  await assert.rejects(redis.rename('{k}none', '{k}b'), /ERR no such key/);
}

async function expiry(redis) {
  const within = (number, most) => assert.ok(number > most - 30 && number <= most, `${number}, not ${most}`);
  equal(await redis.set('{k}t', 'v'), 'OK');
  equal(await redis.ttl('{k}t'), -1);
  equal(await redis.expire('{k}t', 100), true);
  equal(await redis.expire('{k}t', 200, 'LT'), false);
  within(await redis.ttl('{k}t'), 100);
  equal(await redis.pExpire('{k}t', 200000), true);
  within(await redis.pTTL('{k}t') / 1000, 200);
  equal(await redis.persist('{k}t'), true);
  equal(await redis.expireAt('{k}t', 4102444800), true);
  equal(await redis.expireTime('{k}t'), 4102444800);
  equal(await redis.pExpire('{k}t', -1), true);
  equal(await redis.exists('{k}t'), 0);
}

//  What is asked in one turn is sent at once
async function pipelines(redis) {
  const numbers = Array.from({ length: 500 }, (_, at) => at);
  equal(await Promise.all(numbers.map((at) => redis.set(`{p}${at}`, `${at}`))), Array(500).fill('OK'));
  equal(await Promise.all(numbers.map((at) => redis.set(`auto:${at}`, `${at}`))), Array(500).fill('OK'));
  equal(await Promise.all(numbers.map((at) => redis.get(`auto:${at}`))), numbers.map(String));
}

const RELEASE = 'if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end';

async function transactions(redis) {
  equal(await redis.multi().set('{t}a', '1').incr('{t}a').get('{t}none').exec(), ['OK', 2, null]);
  equal(await redis.set('{t}lock', 'mine', { PX: 10000, NX: true }), 'OK');
  equal(await redis.eval(RELEASE, { keys: ['{t}lock'], arguments: ['other'] }), 0);
  equal(await redis.eval(RELEASE, { keys: ['{t}lock'], arguments: ['mine'] }), 1);
  equal(await redis.del(['{t}a', '{t}lock']), 1);
}

async function scans(redis) {
  const found = [];
  for await (const key of redis.scanIterator({ MATCH: '{p}*', COUNT: 100 }))
    found.push(key);
  equal(found.sort(), Array.from({ length: 500 }, (_, at) => `{p}${at}`).sort());
  assert.ok((await redis.dbSize()) >= 1000);
  equal((await redis.keys('{p}1?')).length, 10);
}

//  A subscription: that it is made, and the first that it hears
function hears(hearer, method, name) {
  const both = {};
  both.heard = new Promise((resolve) => {
    both.made = hearer[method](name, (text, channel) => resolve([channel, text]));
  });
  return both;
}

//  A client of a cluster subscribes with connections of its own; one of a node needs a second for it
async function topics(redis, asker) {
  const hearer = kind === 'cluster' ? redis : await connect();
  const [news, weather, shard] = [hears(hearer, 'subscribe', 'news'), hears(hearer, 'pSubscribe', 'w*'),
    hears(hearer, 'sSubscribe', 'shard')];
  await Promise.all([news.made, weather.made, shard.made]);
  equal(await asker.pubSubChannels(), ['news']);
  equal({ ...await asker.pubSubNumSub(['news', 'none']) }, { news: 1, none: 0 });
  equal(await asker.pubSubNumPat(), 1);
  equal(await redis.publish('news', 'hello'), 1);
  equal(await redis.publish('weather', 'rain'), 1);
  equal(await redis.publish('nobody', 'x'), 0);
  equal(await redis.sPublish('shard', 'x'), 1);
  equal(await news.heard, ['news', 'hello']);
  equal(await weather.heard, ['weather', 'rain']);
  equal(await shard.heard, ['shard', 'x']);
  await hearer.unsubscribe('news');
  await hearer.pUnsubscribe('w*');
  await hearer.sUnsubscribe('shard');
  if (hearer !== redis)
    await hearer.quit();
}

async function connection(redis) {
  equal(await redis.ping(), 'PONG');
  equal(await redis.echo('hello'), 'hello');
  equal((await redis.hello()).server, 'redis');
  equal(await redis.clientSetName('script'), 'OK');
  equal(await redis.clientGetName(), 'script');
  equal((await redis.clientInfo()).name, 'script');
  assert.ok((await redis.clientList()).some(({ name }) => name === 'script'));
  await redis.select(1);
  equal(await redis.get('{k}n'), null);
  await redis.select(0);
  await assert.rejects(redis.auth({ password: 'nonesuch' }), password ? /WRONGPASS/ : /without any password configured/);
  await assert.rejects(redis.sendCommand(['NONESUCH', 'a']), /ERR unknown command 'NONESUCH'/);
}

async function server(redis) {
  assert.match(await redis.info(), /redis_version:7\./);
  equal(Object.keys(await redis.configGet('maxmemory')), ['maxmemory']);
  assert.ok((await redis.commandCount()) > 80);
  equal((await redis.commandInfo(['get']))[0].name, 'get');
  assert.ok(Math.abs(await redis.time() - Date.now()) < 60000);
  equal((await redis.role()).role, 'master');
  assert.ok((await redis.memoryUsage('{k}n')) > 0);
}

async function cluster(redis) {
  equal(await redis.clusterKeySlot('{foo}bar'), 12182);
  equal((await redis.clusterInfo()).state, 'ok');
  const slots = await redis.clusterSlots();
  equal(slots.reduce((total, { from, to }) => total + to - from + 1, 0), 16384);
  const owners = new Set(slots.map(({ master }) => `${master.ip}:${master.port}`));
  equal(owners, new Set(addresses.map(({ host, port }) => `${host}:${port}`)));
  equal((await redis.clusterNodes()).filter(({ flags }) => flags.includes('myself')).length, 1);
}

async function maps(redis) {
  const ask = (...words) => redis.sendCommand(words);
  equal(await ask('DM.PUT', 'map', 'key', 'one', 'EX', '100'), 'OK');
  equal(await ask('DM.GET', 'map', 'key'), 'one');
  equal(await ask('DM.GETPUT', 'map', 'key', 'two'), 'one');
  equal(await ask('DM.CAS', 'map', 'key', 'two', 'three'), 1);
  equal(await ask('DM.INCR', 'map', 'n', '5'), 5);
  const token = await ask('DM.LOCK', 'map', 'lock', '5', 'EX', '10');
  equal(await ask('DM.UNLOCK', 'map', 'lock', token), 'OK');
  equal(await ask('DM.DEL', 'map', 'key'), 1);
  await assert.rejects(ask('DM.GET', 'map', 'key'), /KEYNOTFOUND/);
  equal(await ask('DM.DESTROY', 'map'), 'OK');
}

//  A client of a cluster has the commands of keys; the others are asked of one node
async function groups() {
  const [redis, node] = [await connect(), await connect('one')];
  equal(await node.flushAll(), 'OK');
  for (const group of [strings, counters, generic, expiry, pipelines, transactions])
    await group(redis);
  await topics(redis, node);
  for (const group of [scans, connection, server, maps, cluster])
    await group(node);
  await redis.quit();
  await node.quit();
  console.log('done');
}

async function loaded() {
  const [redis, plain] = [await connect(), await connect('one')];
  await run({ increment: (key) => redis.incr(key), set: (key, value) => redis.set(key, value) },
    [(key) => redis.get(key), (key) => plain.get(key)]);
}

start(load ? loaded : groups);
