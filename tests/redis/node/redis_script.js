//  redis_script: every group of commands, as ioredis and node-redis send them. Arguments: ioredis|cluster|node-redis
//  HOST:PORT..., and with "load" behind it: counters until standard input ends, what was acknowledged on the output.
//  SPDX-License-Identifier: MPL-2.0
'use strict';
const assert = require('assert');

const [kind, ...rest] = process.argv.slice(2);
const load = rest[rest.length - 1] === 'load';
const nodes = (load ? rest.slice(0, -1) : rest).map((text) => {
  const [host, port] = text.split(':');
  return { host, port: Number(port) };
});

async function withIoredis(make) {
  const redis = make();
  redis.on('error', () => {});
  await redis.flushall();
  assert.strictEqual(await redis.ping(), 'PONG');
  assert.strictEqual(await redis.set('{k}a', 'one', 'EX', 100), 'OK');
  assert.strictEqual(await redis.set('{k}a', 'two', 'NX'), null);
  assert.strictEqual(await redis.get('{k}a'), 'one');
  assert.deepStrictEqual(await redis.mget('{k}a', '{k}none'), ['one', null]);
  assert.strictEqual(await redis.incrby('{k}n', 41), 41);
  assert.strictEqual(await redis.incrbyfloat('{k}f', 0.5), '0.5');
  assert.strictEqual(await redis.append('{k}a', '!'), 4);
  assert.ok((await redis.ttl('{k}a')) > 90);
  assert.strictEqual(await redis.expire('{k}a', 50, 'LT'), 1);
  assert.strictEqual(await redis.rename('{k}a', '{k}b'), 'OK');
  assert.strictEqual(await redis.exists('{k}a', '{k}b'), 1);
  assert.strictEqual(await redis.type('{k}b'), 'string');
  const pipeline = redis.pipeline();
  for (let at = 0; at < 500; at++)
    pipeline.set(`{p}${at}`, at);
  pipeline.get('{p}499');
  const replies = await pipeline.exec();
  assert.deepStrictEqual(replies[500], [null, '499']);
  const exec = await redis.multi().set('{t}a', 1).incr('{t}a').exec();
  assert.deepStrictEqual(exec, [[null, 'OK'], [null, 2]]);
  const script = 'if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end';
  await redis.set('lock', 'token');
  assert.strictEqual(await redis.eval(script, 1, 'lock', 'other'), 0);
  assert.strictEqual(await redis.eval(script, 1, 'lock', 'token'), 1);
  await assert.rejects(redis.incr('{k}b'), /not an integer/);

  const hearer = make();
  hearer.on('error', () => {});
  const heard = new Promise((resolve) => hearer.on('message', (channel, text) => resolve([channel, text])));
  await hearer.subscribe('news');
  await redis.publish('news', 'hello');
  assert.deepStrictEqual(await heard, ['news', 'hello']);
  await hearer.quit();
  await redis.quit();
}

async function withNodeRedis() {
  const { createClient } = require('redis');
  const client = createClient({ socket: nodes[0] });
  await client.connect();
  await client.flushAll();
  assert.strictEqual(await client.ping(), 'PONG');
  assert.strictEqual(await client.set('a', 'one', { EX: 100 }), 'OK');
  assert.strictEqual(await client.get('a'), 'one');
  assert.strictEqual(await client.set('a', 'two', { NX: true }), null);
  assert.deepStrictEqual(await client.mGet(['a', 'none']), ['one', null]);
  assert.strictEqual(await client.incrBy('n', 41), 41);
  assert.ok((await client.ttl('a')) > 90);
  const replies = await Promise.all(Array.from({ length: 500 }, (_, at) => client.set(`p${at}`, String(at))));
  assert.ok(replies.every((reply) => reply === 'OK'));
  assert.deepStrictEqual(await client.multi().set('{t}a', '1').incr('{t}a').exec(), ['OK', 2]);
  let found = 0;
  for await (const key of client.scanIterator({ MATCH: 'p*', COUNT: 100 }))
    found += key.length > 0;
  assert.strictEqual(found, 500);
  const hearer = client.duplicate();
  await hearer.connect();
  const heard = new Promise((resolve) => { hearer.pSubscribe('new*', (text) => resolve(text)).then(
    () => client.publish('news', 'hello')); });
  assert.strictEqual(await heard, 'hello');
  await hearer.quit();
  await client.quit();
}

//  Each counter only grows: what was acknowledged must be there at the end
async function loaded(make) {
  const redis = make();
  redis.on('error', () => {});
  let ended = false, failures = 0;
  const acknowledged = {};
  process.stdin.on('end', () => { ended = true; });
  process.stdin.resume();
  console.log('running');
  let number = 0;
  const worker = async (name) => {
    while (!ended) {
      const key = `${name}:${number++ % 100}`, value = number;
      try {
        await redis.set(key, value);
        acknowledged[key] = value;
      } catch (fault) {
        failures++;
        //  Whether it was done is not known
        delete acknowledged[key];
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  await Promise.all(['a', 'b', 'c', 'd'].map(worker));
  let lost = 0;
  for (const [key, value] of Object.entries(acknowledged))
    lost += Number(await redis.get(key)) !== value;
  console.log(JSON.stringify({ done: number, failures, lost, keys: Object.keys(acknowledged).length }));
  await redis.quit();
}

async function main() {
  const Redis = kind === 'node-redis' ? null : require('ioredis');
  const make = kind === 'cluster'
    ? () => new Redis.Cluster(nodes, { clusterRetryStrategy: () => 100, slotsRefreshInterval: 1000 })
    : () => new Redis(nodes[0]);
  if (load)
    await loaded(make);
  else if (kind === 'node-redis')
    await withNodeRedis();
  else
    await withIoredis(make);
  if (!load)
    console.log('done');
}

main().then(() => process.exit(0), (fault) => { console.error(fault); process.exit(1); });
