// node-redis up to version 3: callbacks, as its README shows it.
//   node redis_callbacks.js PORT
const assert = require("assert");
const redis = require("redis");

const port = Number(process.argv[2]);

const ask = (client, name, ...args) => new Promise((resolve, reject) => {
  // The first versions take no arrays of arguments, the later ones both forms.
  client[name](...args, (error, reply) => (error ? reject(error) : resolve(reply)));
});

const text = (reply) => (reply === null ? null : reply.toString());

async function main() {
  const client = redis.createClient(port, "127.0.0.1");
  client.on("error", (error) => { throw error; });
  assert.strictEqual(text(await ask(client, "set", "string key", "string val")), "OK");
  assert.strictEqual(text(await ask(client, "get", "string key")), "string val");
  assert.strictEqual(text(await ask(client, "get", "missing")), null);
  assert.strictEqual(Number(await ask(client, "rpush", "list", "a")), 1);
  assert.strictEqual(Number(await ask(client, "rpush", "list", "b")), 2);
  assert.deepStrictEqual((await ask(client, "lrange", "list", 0, -1)).map(text), ["a", "b"]);
  await assert.rejects(ask(client, "get", "list"), /WRONGTYPE/);

  // Every command goes out at once: node-redis is one long pipeline.
  const sets = [];
  for (let i = 0; i < 1000; i += 1) sets.push(ask(client, "set", `key:${i}`, `value:${i}`));
  await Promise.all(sets);
  const gets = [];
  for (let i = 0; i < 1000; i += 1) gets.push(ask(client, "get", `key:${i}`));
  (await Promise.all(gets)).forEach((reply, i) => assert.strictEqual(text(reply), `value:${i}`));

  const replies = await new Promise((resolve, reject) => {
    client.multi([["set", "counter", "1"], ["incr", "counter"], ["get", "counter"]])
      .exec((error, all) => (error ? reject(error) : resolve(all)));
  });
  assert.deepStrictEqual(replies.map(text), ["OK", "2", "2"]);

  // The server ends the connection; the client comes back by itself.
  if (client.connection_id !== undefined && process.argv[3] === "reconnect") {
    const killer = redis.createClient(port, "127.0.0.1");
    killer.on("error", () => {});
    client.removeAllListeners("error");
    client.on("error", () => {});
    const again = new Promise((resolve) => { client.once("ready", resolve); });
    await ask(killer, "client", "kill", "skipme", "yes", "type", "normal");
    await again;
    assert.strictEqual(text(await ask(client, "get", "counter")), "2");
    killer.quit();
  }
  await ask(client, "quit");
  console.log("done");
}

main().catch((error) => { console.error(error); process.exit(1); });
