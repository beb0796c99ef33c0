// node-redis from version 4 on: promises, as its README shows it.
//   node redis_promises.js PORT [RESP]
const assert = require("assert");
const redis = require("redis");

const port = Number(process.argv[2]);
const resp = Number(process.argv[3] || 2);

function open(options = {}) {
  const more = resp === 3 ? { RESP: 3 } : {};
  const client = redis.createClient({ url: `redis://127.0.0.1:${port}`, ...more, ...options });
  client.on("error", () => {});
  return client;
}

async function transactions(client) {
  const replies = await client.multi().set("counter", "1").incr("counter").get("counter").exec();
  assert.deepStrictEqual(replies, ["OK", 2, "2"]);
}

async function watched(client) {
  const other = open();
  await other.connect();
  await client.watch("counter");
  await other.set("counter", "5");
  await assert.rejects(client.multi().incr("counter").exec(), redis.WatchError);
  assert.strictEqual(await client.get("counter"), "5");
  await other.quit();
}

async function scanned(client) {
  const seen = [];
  // A batch at a time in the newest version, a key at a time in the oldest.
  for await (const some of client.scanIterator({ MATCH: "key:*", COUNT: 100 })) {
    seen.push(...(Array.isArray(some) ? some : [some]));
  }
  assert.strictEqual(new Set(seen).size, 1000);
  assert.strictEqual(seen.length, 1000);
}

/// Connections beside the first: a blocked one must not hold up the others.
async function pooled(client) {
  const waiter = client.duplicate();
  waiter.on("error", () => {});
  await waiter.connect();
  const popped = waiter.sendCommand(["BLPOP", "jobs", "20"]);
  await client.rPush("jobs", "first");
  assert.deepStrictEqual(await popped, ["jobs", "first"]);
  await waiter.quit();
  if (redis.createClientPool === undefined) return;
  const pool = redis.createClientPool({ url: `redis://127.0.0.1:${port}` },
                                      { minimum: 1, maximum: 5 });
  pool.on("error", () => {});
  await pool.connect();
  const replies = await Promise.all(Array.from({ length: 50 }, () => pool.incr("pooled")));
  assert.strictEqual(Math.max(...replies), 50);
  await pool.close();
}

async function reconnected(client) {
  const killer = open();
  await killer.connect();
  const again = new Promise((resolve) => { client.once("ready", resolve); });
  await killer.sendCommand(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
  await again;
  assert.strictEqual(await client.get("counter"), "5");
  await killer.quit();
}

async function main() {
  const client = open({ name: "node" });
  await client.connect();
  assert.strictEqual(await client.ping(), "PONG");
  assert.strictEqual(await client.set("key", "value", { EX: 100, NX: true }), "OK");
  assert.strictEqual(await client.get("key"), "value");
  assert.strictEqual(await client.get("missing"), null);
  assert.ok((await client.ttl("key")) > 90);
  assert.strictEqual(await client.rPush("list", ["a", "b", "c"]), 3);
  assert.deepStrictEqual(await client.lRange("list", 0, -1), ["a", "b", "c"]);
  await assert.rejects(client.get("list"), /WRONGTYPE/);
  await Promise.all(Array.from({ length: 1000 }, (_, i) => client.set(`key:${i}`, `value:${i}`)));
  const values = await Promise.all(Array.from({ length: 1000 }, (_, i) => client.get(`key:${i}`)));
  values.forEach((value, i) => assert.strictEqual(value, `value:${i}`));
  await transactions(client);
  await watched(client);
  await scanned(client);
  await pooled(client);
  await reconnected(client);
  await client.quit();
  console.log("done");
}

main().catch((error) => { console.error(error); process.exit(1); });
