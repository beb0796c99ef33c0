// The commands that scripts are made of, by what they are about, with letters in place of keys,
// values and numbers.
#pragma once

#include <initializer_list>

namespace kv::sim {

using Templates = std::initializer_list<const char*>;

// K a key, V a value, N a number, I a position, P a small number, T seconds, M milliseconds, W a
// time to wait, D an end of a list.
inline constexpr Templates strings = {
    "SET K V",      "SET K V",      "SET K V NX",      "SET K V XX GET",  "SET K V EX T",
    "SET K V PX M", "SET K N",      "SET K V KEEPTTL", "GET K",           "GET K",
    "GETSET K V",   "GETDEL K",     "GETEX K PX M",    "GETEX K PERSIST", "SETNX K V",
    "SETEX K T V",  "PSETEX K M V", "APPEND K V",      "STRLEN K",        "SETRANGE K P V",
    "MGET K K K",   "MSET K V K V", "MSETNX K V K V",  "GETRANGE K I I",  "MSET K V K V K V K V",
    "INCR K",       "DECR K",       "INCRBY K N",      "DECRBY K N",      "SET K V GET EX T"};
inline constexpr Templates keys = {
    "DEL K",      "UNLINK K K",   "EXISTS K K",        "TOUCH K",  "TYPE K", "RENAME K K",
    "RENAME K K", "RENAMENX K K", "COPY K K REPLACE",  "COPY K K", "DBSIZE", "RANDOMKEY",
    "KEYS *",     "DEL K K K K",  "SCAN 0 COUNT 1000", "FLUSHALL"};
inline constexpr Templates expiry = {
    "EXPIRE K T",     "PEXPIRE K M",    "PEXPIRE K M NX", "PEXPIRE K M GT",
    "PEXPIRE K M LT", "PEXPIRE K M XX", "PERSIST K",      "TTL K",
    "PTTL K",         "PEXPIRETIME K",  "PSETEX K M V",   "SET K V PX M",
    "GETEX K PX M",   "EXPIRE K -1",    "RPUSH K V V V",  "PEXPIREAT K 1700000100000",
    "SET K V",        "GET K",          "LRANGE K 0 -1",  "EXISTS K K K"};
inline constexpr Templates lists = {"RPUSH K V",
                                    "RPUSH K V V V",
                                    "LPUSH K V V",
                                    "RPUSHX K V",
                                    "LPUSHX K V",
                                    "RPOP K",
                                    "LPOP K",
                                    "LPOP K P",
                                    "RPOP K P",
                                    "LLEN K",
                                    "LRANGE K 0 -1",
                                    "LRANGE K I I",
                                    "LINDEX K I",
                                    "LSET K I V",
                                    "LPOS K V",
                                    "LINSERT K BEFORE V V",
                                    "LREM K I V",
                                    "LTRIM K I I",
                                    "LMOVE K K D D",
                                    "RPOPLPUSH K K",
                                    "LMPOP 2 K K D",
                                    "LMPOP 1 K D COUNT P",
                                    "RPUSH K V V V V V V",
                                    "LINSERT K AFTER V V",
                                    "LRANGE K 0 -1"};
inline constexpr Templates blocking = {"BLPOP K W",
                                       "BRPOP K K W",
                                       "BLPOP K K K W",
                                       "BLMOVE K K D D W",
                                       "BRPOPLPUSH K K W",
                                       "BLMPOP W 2 K K D",
                                       "RPUSH K V",
                                       "RPUSH K V V",
                                       "LPUSH K V",
                                       "DEL K",
                                       "BLMPOP W 1 K D COUNT P",
                                       "BLPOP K W",
                                       "BRPOP K W",
                                       "RENAME K K",
                                       "LLEN K"};
inline constexpr Templates transactions = {"MULTI",   "EXEC",    "DISCARD", "WATCH K K",
                                           "WATCH K", "UNWATCH", "EXEC",    "SET K V"};
inline constexpr Templates control = {"PING",
                                      "PING V",
                                      "ECHO V",
                                      "SELECT 0",
                                      "SELECT 1",
                                      "HELLO 2",
                                      "HELLO 3",
                                      "RESET",
                                      "NOSUCH K",
                                      "GET",
                                      "GET K K",
                                      "CLIENT REPLY SKIP",
                                      "CLIENT REPLY OFF",
                                      "CLIENT REPLY ON",
                                      "CLIENT PAUSE M WRITE",
                                      "CLIENT PAUSE M",
                                      "CLIENT UNPAUSE",
                                      "CLIENT KILL ID P",
                                      "QUIT",
                                      "AUTH password",
                                      "HELLO 3 AUTH default password",
                                      "HELLO 2 AUTH default wrong",
                                      "AUTH wrong",
                                      "HELLO 4"};

}  // namespace kv::sim
