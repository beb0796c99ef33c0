/* hiredis, as its README shows it: a reply at a time, pipelined, a transaction, a reconnect.
 *   hiredis_client PORT */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int holds, const char *what, const char *text) {
  if (holds) return;
  fprintf(stderr, "%s: %s\n", what, text == NULL ? "" : text);
  exit(1);
}

static void expect(redisReply *reply, int type, const char *text) {
  check(reply != NULL, "no reply", text);
  check(reply->type == type, "another type of reply", reply->str);
  if (text != NULL) check(strcmp(reply->str, text) == 0, text, reply->str);
  freeReplyObject(reply);
}

static void expect_integer(redisReply *reply, long long value) {
  check(reply != NULL && reply->type == REDIS_REPLY_INTEGER, "not an integer", NULL);
  check(reply->integer == value, "another integer", NULL);
  freeReplyObject(reply);
}

static void pipeline(redisContext *context) {
  redisReply *reply = NULL;
  for (int i = 0; i < 1000; ++i) redisAppendCommand(context, "SET key:%d value:%d", i, i);
  for (int i = 0; i < 1000; ++i) {
    check(redisGetReply(context, (void **)&reply) == REDIS_OK, "pipeline", context->errstr);
    expect(reply, REDIS_REPLY_STATUS, "OK");
  }
  for (int i = 0; i < 1000; ++i) redisAppendCommand(context, "GET key:%d", i);
  for (int i = 0; i < 1000; ++i) {
    char text[32];
    snprintf(text, sizeof text, "value:%d", i);
    check(redisGetReply(context, (void **)&reply) == REDIS_OK, "pipeline", context->errstr);
    expect(reply, REDIS_REPLY_STRING, text);
  }
}

static void transaction(redisContext *context) {
  expect(redisCommand(context, "MULTI"), REDIS_REPLY_STATUS, "OK");
  expect(redisCommand(context, "SET counter 1"), REDIS_REPLY_STATUS, "QUEUED");
  expect(redisCommand(context, "INCR counter"), REDIS_REPLY_STATUS, "QUEUED");
  redisReply *reply = redisCommand(context, "EXEC");
  check(reply != NULL && reply->type == REDIS_REPLY_ARRAY, "EXEC", NULL);
  check(reply->elements == 2 && reply->element[1]->integer == 2, "EXEC", NULL);
  freeReplyObject(reply);
}

int main(int argc, char **argv) {
  check(argc == 2, "usage: hiredis_client PORT", NULL);
  redisContext *context = redisConnect("127.0.0.1", atoi(argv[1]));
  check(context != NULL && context->err == 0, "connect", context ? context->errstr : NULL);
  expect(redisCommand(context, "PING"), REDIS_REPLY_STATUS, "PONG");
  expect(redisCommand(context, "SET %s %s", "foo", "hello world"), REDIS_REPLY_STATUS, "OK");
  expect(redisCommand(context, "SET %b %b", "bar", (size_t)3, "a\0b", (size_t)3),
         REDIS_REPLY_STATUS, "OK");
  expect_integer(redisCommand(context, "STRLEN bar"), 3);
  expect(redisCommand(context, "GET foo"), REDIS_REPLY_STRING, "hello world");
  expect(redisCommand(context, "GET missing"), REDIS_REPLY_NIL, NULL);
  expect(redisCommand(context, "LPUSH foo x"), REDIS_REPLY_ERROR,
         "WRONGTYPE Operation against a key holding the wrong kind of value");
  expect_integer(redisCommand(context, "RPUSH list a b c"), 3);
  pipeline(context);
  transaction(context);
  check(redisReconnect(context) == REDIS_OK, "reconnect", context->errstr);
  expect(redisCommand(context, "GET counter"), REDIS_REPLY_STRING, "2");
  expect(redisCommand(context, "QUIT"), REDIS_REPLY_STATUS, "OK");
  redisFree(context);
  puts("done");
  return 0;
}
