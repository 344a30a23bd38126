/** Sockets, brokers and measures that are asked for what they cannot do. */
import { suite } from "uvu";
import { type Broken, type Case, inFolders, judgeAll, standardFiles } from "./broken.ts";

const test = suite<Broken>("mistakes: sockets");
inFolders(test, standardFiles);

const CASES: readonly Case[] = [
  // Sockets: nothing is sent before the whole command line is understood.
  { line: "push", code: 2, says: ["neither --bind nor --connect"], fix: "--connect tcp" },
  { line: "pull --bind nowhere", code: 2, says: ["--bind nowhere"], fix: "tcp://host:port" },
  { line: "pull --bind tcp://127.0.0.1", code: 2, says: ["--bind tcp://127.0.0.1"], fix: "tcp://host:port" },
  {
    line: "pull --connect tcp://127.0.0.1:70000",
    code: 2,
    says: ["--connect tcp://127.0.0.1:70000"],
    fix: "tcp://host:port",
  },
  { line: "pull --connect udp://127.0.0.1:7000", code: 2, says: ["--connect udp"], fix: "ipc://path" },
  { line: "pull --connect inproc://x", code: 2, says: ["--connect inproc://x"], fix: "ipc://path" },
  { line: "pull --bind ipc://@d/s", code: 1, says: ["--bind ipc://"], fix: "folder" },
  {
    line: "pull --bind tcp://192.0.2.1:5555",
    code: 1,
    says: ["--bind tcp://192.0.2.1:5555"],
    fix: "127.0.0.1",
  },
  { line: "pull --connect ipc://x --count 0", code: 2, says: ["--count 0"], fix: "number" },
  { line: "pull --connect ipc://x --timeout soon", code: 2, says: ["--timeout soon"], fix: "number" },
  { line: "push --connect ipc://x --linger -2", code: 2, says: ["--linger -2"], fix: "number" },
  { line: "pull --connect ipc://x --linger 5", code: 2, says: ["--linger"], fix: "--help" },
  {
    line: "pull --connect ipc://x --format xml",
    code: 2,
    says: ["--format xml"],
    fix: "lines, json, hex, binary",
  },
  { line: "router --connect ipc://x --format lines", code: 2, says: ["--format lines"], fix: "json or hex" },
  { line: "req --connect ipc://x --identity=", code: 2, says: ["--identity"], fix: "255" },
  {
    line: "send --connect ipc://x --type pull",
    code: 2,
    says: ["--type pull"],
    fix: "push, pub, pair, dealer",
  },
  { line: "send --connect ipc://x --topic t", code: 2, says: ["--topic"], fix: "--type pub" },
  { line: "recv --connect ipc://x --subscribe t", code: 2, says: ["--subscribe"], fix: "--type sub" },
  { line: "rep --connect ipc://x --echo again", code: 2, says: ["--echo and FRAMEs"], fix: "leave one" },
  {
    line: "pull --connect ipc://x --plain-server",
    code: 2,
    says: ["--plain-server"],
    fix: "--plain-username",
  },
  {
    line: "pull --connect ipc://x --plain-username u",
    code: 2,
    says: ["Password of u", "no terminal"],
    fix: "--plain-password-fd N",
  },
  {
    line: "pull --connect ipc://x --plain-username u --plain-password-fd 0",
    code: 2,
    says: ["--plain-password-fd 0"],
    fix: "number",
  },
  {
    line: "pull --connect ipc://x --plain-password pw",
    code: 2,
    says: ["on the command line"],
    fix: "file descriptor",
  },
  // Brokers and measures.
  { line: "proxy", code: 2, says: ["KIND is missing"], fix: "add KIND" },
  {
    line: "proxy broker --frontend ipc://x",
    code: 2,
    says: ["broker: no such proxy"],
    fix: "queue, forwarder, streamer",
  },
  {
    line: "proxy queue --frontend ipc://@f",
    code: 2,
    says: ["neither --backend nor --backend-connect"],
    fix: "--backend tcp",
  },
  {
    line: "proxy queue --frontend x --backend ipc://y",
    code: 2,
    says: ["--frontend x"],
    fix: "tcp://host:port",
  },
  { line: "bench", code: 2, says: ["MEASURE is missing"], fix: "add MEASURE" },
  { line: "bench toString", code: 2, says: ["toString: no such measure"], fix: "throughput or latency" },
  { line: "proxy constructor", code: 2, says: ["constructor: no such proxy"], fix: "queue" },
  { line: "bench speed", code: 2, says: ["speed: no such measure"], fix: "throughput or latency" },
  { line: "bench latency --size -1", code: 2, says: ["--size -1"], fix: "number" },
  { line: "bench latency --endpoint x", code: 2, says: ["--endpoint x"], fix: "tcp://host:port" },
];
judgeAll(test, CASES);

test.run();
