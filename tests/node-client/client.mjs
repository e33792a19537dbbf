// A client of the sub-protocol streamruntime.v1 on Node's built-in WebSocket: node client.mjs URL [PAUSES]
// Takes a result to its end, pausing and resuming it on the way, and prints each control message and last a summary, a JSON object a line.
import { createHash } from 'node:crypto';

const [url, pauses = '0'] = process.argv.slice(2);
const hash = createHash('sha256');
const line = 10;
let rows = 0;
let sincePause = 0;
let pausesLeft = Number(pauses);
let isPausing = false;

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const socket = new WebSocket(url, 'streamruntime.v1');
const tell = (type) => socket.send(JSON.stringify({ type }));
socket.binaryType = 'arraybuffer';

socket.onopen = () => say({ event: 'open', protocol: socket.protocol });
socket.onmessage = ({ data }) => {
  if (typeof data !== 'string') {
    const bytes = Buffer.from(data);
    hash.update(bytes);
    for (let at = bytes.indexOf(line); at >= 0; at = bytes.indexOf(line, at + 1)) {
      rows++;
      sincePause++;
    }

    if (pausesLeft > 0 && !isPausing && sincePause > 1000) {
      isPausing = true;
      pausesLeft--;
      tell('pause');
    }

    return;
  }

  const message = JSON.parse(data);
  say(message);
  if (message.type === 'paused') {
    const seen = rows;
    setTimeout(() => {
      if (socket.readyState !== WebSocket.OPEN) {
        return;
      }

      say({ event: 'resuming', more: rows - seen });
      tell('resume');
    }, 200);
  } else if (message.type === 'resumed') {
    isPausing = false;
    sincePause = 0;
  }
};
socket.onerror = ({ message }) => say({ event: 'error', message });
socket.onclose = ({ code, reason, wasClean }) => say({ event: 'close', code, reason, wasClean, rows, sha256: hash.digest('hex') });
