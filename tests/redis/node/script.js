//  script: what the scripts of ioredis and node-redis share: their arguments, and the load that goes on while nodes are
//  killed.
//  SPDX-License-Identifier: MPL-2.0
'use strict';
const assert = require('assert');
const readline = require('readline');

const [kind, ...words] = process.argv.slice(2);
const load = words[0] === 'load';
const addresses = words.slice(load ? 1 : 0).map((text) => {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
});
const WORKERS = 8;
const COUNTERS = 20;

async function work(worker, store) {
  while (!worker.ended) {
    const number = worker.tries++;
    const [counter, key] = [`counter:${worker.name}:${number % COUNTERS}`, `once:${worker.name}:${number}`];
    try {
      const found = await store.increment(counter);
      //  Nobody else adds to it: what was acknowledged may not be taken back
      assert.ok(found > (worker.counters[counter] || 0), `${counter} was ${worker.counters[counter]}, is ${found}`);
      worker.counters[counter] = found;
      await store.set(key, `${number}`);
      worker.keys[key] = `${number}`;
      worker.done++;
    } catch (fault) {
      if (fault instanceof assert.AssertionError)
        throw fault;
      worker.failures++;
      worker.last = fault.message;
    }
  }
}

//  How many acknowledged writes a reader does not see
async function missing(workers, get) {
  let lost = 0;
  for (const worker of workers) {
    const counted = Object.entries(worker.counters).map(async ([key, value]) => Number(await get(key)) < value);
    const stored = Object.entries(worker.keys).map(async ([key, value]) => (await get(key)) !== value);
    lost += (await Promise.all([...counted, ...stored])).filter(Boolean).length;
  }
  return lost;
}

//  Writes until standard input ends; each line of it is answered with what each worker has done so far.
//  store: increment and set; readers: functions that read a key, each by a way of its own
async function run(store, readers) {
  const workers = Array.from({ length: WORKERS }, (_, at) => (
    { name: `${kind}:${at}`, counters: {}, keys: {}, tries: 0, done: 0, failures: 0, ended: false }));
  const input = readline.createInterface({ input: process.stdin });
  input.on('line', () => console.log(JSON.stringify(workers.map((worker) => worker.done))));
  input.on('close', () => workers.forEach((worker) => { worker.ended = true; }));
  console.log('running');
  await Promise.all(workers.map((worker) => work(worker, store)));
  let lost = 0;
  for (const get of readers)
    lost += await missing(workers, get);
  const sum = (field) => workers.reduce((total, worker) => total + worker[field], 0);
  const last = workers.map((worker) => worker.last).find(Boolean);
  console.log(JSON.stringify({ done: sum('done'), failures: sum('failures'), lost, last,
    keys: workers.reduce((total, worker) => total + Object.keys(worker.keys).length, 0) }));
}

//  Ends the process: clients may have timers left
function start(main) {
  main().then(() => process.exit(0), (fault) => {
    console.error(fault);
    process.exit(1);
  });
}

module.exports = { kind, load, addresses, password: process.env.REDIS_PASSWORD, run, start };
