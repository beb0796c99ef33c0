// ioredis, as its README shows it.
//   node ioredis.js PORT
const assert = require("assert");
const loaded = require("ioredis");

const Redis = loaded.default || loaded;
const port = Number(process.argv[2]);

function open() {
  const redis = new Redis(port, "127.0.0.1");
  redis.on("error", () => {});
  return redis;
}

/// A promise of the library's own kind does for the oldest version.
const failure = (promise) => promise.then(() => null, (error) => error);

async function pipelined(redis) {
  const pipeline = redis.pipeline();
  for (let i = 0; i < 1000; i += 1) pipeline.set(`key:${i}`, `value:${i}`);
  (await pipeline.exec()).forEach(([error, reply]) => {
    assert.strictEqual(error, null);
    assert.strictEqual(reply, "OK");
  });
  const replies = await redis.pipeline().get("key:7").lpush("key:7", "x").get("key:8").exec();
  assert.strictEqual(replies[0][1], "value:7");
  assert.match(replies[1][0].message, /WRONGTYPE/);
  assert.strictEqual(replies[2][1], "value:8");
}

async function transactions(redis) {
  const replies = await redis.multi().set("counter", "1").incr("counter").get("counter").exec();
  assert.deepStrictEqual(replies.map(([, reply]) => reply), ["OK", 2, "2"]);
  const other = open();
  await redis.watch("counter");
  await other.set("counter", "5");
  assert.strictEqual(await redis.multi().incr("counter").exec(), null);
  assert.strictEqual(await redis.get("counter"), "5");
  await other.quit();
}

async function scanned(redis) {
  const seen = [];
  let cursor = "0";
  do {
    const [next, keys] = await redis.scan(cursor, "MATCH", "key:*", "COUNT", 100);
    seen.push(...keys);
    cursor = next;
  } while (cursor !== "0");
  assert.strictEqual(seen.length, 1000);
  assert.strictEqual(new Set(seen).size, 1000);
}

async function blocked(redis) {
  const waiter = open();
  const popped = waiter.blpop("jobs", 20);
  await redis.rpush("jobs", "first");
  assert.deepStrictEqual(await popped, ["jobs", "first"]);
  await waiter.quit();
}

async function reconnected(redis) {
  const killer = open();
  await killer.ping();
  const again = new Promise((resolve) => { redis.once("ready", resolve); });
  await killer.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await again;
  assert.strictEqual(await redis.get("counter"), "5");
  await killer.quit();
}

async function main() {
  const redis = open();
  assert.strictEqual(await redis.set("key", "value", "EX", 100), "OK");
  assert.strictEqual(await redis.get("key"), "value");
  assert.strictEqual(await redis.get("missing"), null);
  assert.strictEqual(await redis.rpush("list", "a", "b", "c"), 3);
  assert.deepStrictEqual(await redis.lrange("list", 0, -1), ["a", "b", "c"]);
  assert.match((await failure(redis.get("list"))).message, /WRONGTYPE/);
  if (redis.pipeline) await pipelined(redis);
  await transactions(redis);
  if (redis.pipeline) await scanned(redis);
  await blocked(redis);
  if (redis.call) await reconnected(redis);
  await redis.quit();
  console.log("done");
}

main().catch((error) => { console.error(error); process.exit(1); });
