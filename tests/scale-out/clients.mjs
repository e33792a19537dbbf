// Clients of a gateway behind a load balancer that come back with their resume tokens whenever they are cut off: a third each as server-sent events, lines and WebSockets.
// usage: node clients.mjs URL CLIENTS ROWS PACE_MS
// Each must end with exactly the rows 1 … ROWS, in order. What came after the last checkpoint comes again, so a client keeps only what a checkpoint covers.
import http from 'node:http';
import { randomBytes } from 'node:crypto';

const [url, clientCount, rowCount, paceMs] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const formats = ['events', 'lines', 'websocket'];
const patienceMs = 20_000; // Silence for that long is a connection that nobody ends any more.
const clients = Array.from({ length: clientCount }, (_, i) => ({
  id: i, format: formats[i % 3], token: null, kept: 0, pending: [], node: null, starts: 0, moves: 0, refusals: 0, isDone: false,
}));

function keep(client, token) {
  for (const id of client.pending) {
    if (id !== client.kept + 1) {
      throw new Error(`client ${client.id} (${client.format}) got row ${id} after row ${client.kept}`);
    }

    client.kept = id;
  }

  client.pending = [];
  client.token = token;
}

const takeRow = (client, text) => client.pending.push(JSON.parse(text).id);

function takeLine(client, line) {
  if (!line.startsWith('{"$stream"')) {
    takeRow(client, line);
    return;
  }

  const { $stream: control } = JSON.parse(line);
  takeControl(client, control);
}

function takeControl(client, control) {
  if (control.type === 'checkpoint') {
    keep(client, control.token);
  } else if (control.type === 'complete') {
    keep(client, client.token);
    client.isDone = true;
  }
}

function takeEvent(client, text) {
  const event = Object.fromEntries(text.split('\n').filter(l => l.includes(': ')).map(l => [l.slice(0, l.indexOf(': ')), l.slice(l.indexOf(': ') + 2)]));
  if (event.event === undefined && event.data !== undefined) {
    takeRow(client, event.data);
  } else if (event.event !== undefined) {
    takeControl(client, { type: event.event, token: event.id });
  }
}

// One piece of a text protocol after the other; what is not whole waits for the rest.
function pieces(separator, take) {
  let rest = '';
  return text => {
    const found = (rest + text).split(separator);
    rest = found.pop();
    found.forEach(take);
  };
}

function frames(client, socket) {
  let rest = Buffer.alloc(0);
  const answer = (opcode, payload) => {
    const mask = randomBytes(4);
    socket.write(Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length]), mask, payload.map((b, i) => b ^ mask[i & 3])]));
  };
  return bytes => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= 2) {
      let [length, at] = [rest[1] & 127, 2];
      if (length >= 126) {
        at = length === 126 ? 4 : 10;
        if (rest.length < at) return;
        length = length === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
      }

      if (rest.length < at + length) return;
      const payload = rest.subarray(at, at + length);
      switch (rest[0] & 15) {
        case 1: takeControl(client, JSON.parse(payload.toString())); break;
        case 2: payload.toString().split('\n').filter(l => l.length > 0).forEach(l => takeRow(client, l)); break;
        case 8: answer(8, payload.subarray(0, 2)); socket.end(); break;
        case 9: answer(10, payload); break;
      }

      rest = rest.subarray(at + length);
    }
  };
}

// Resolves when the connection has ended, however it did.
const connect = client => new Promise((resolve, reject) => {
  client.starts++;
  client.pending = [];
  const isSocket = client.format === 'websocket';
  const headers = isSocket
    ? { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64'), 'Sec-WebSocket-Protocol': 'streamruntime.v1' }
    : { Accept: client.format === 'events' ? 'text/event-stream' : 'application/x-ndjson' };
  const target = new URL(url);
  if (client.format === 'lines') target.searchParams.set('control', 'lines');
  if (client.token !== null && client.format === 'events') headers['Last-Event-ID'] = client.token;
  else if (client.token !== null) target.searchParams.set('resume', client.token);

  const served = response => {
    const node = response.headers['x-node'] ?? null;
    if (node !== null && client.node !== null && node !== client.node) client.moves++;
    client.node = node;
  };
  const read = (stream, take) => {
    stream.setTimeout?.(patienceMs, () => stream.destroy());
    stream.on('data', data => {
      try {
        take(data);
      } catch (failure) {
        stream.destroy();
        reject(failure);
      }

      if (paceMs > 0) {
        stream.pause();
        setTimeout(() => stream.resume(), paceMs * (0.5 + Math.random()));
      }
    });
    stream.on('error', () => {});
    stream.on('close', resolve);
  };

  const request = http.request(target, { headers, agent: false });
  request.setTimeout(patienceMs, () => request.destroy());
  request.on('upgrade', (response, socket, head) => {
    served(response);
    const take = frames(client, socket);
    take(head);
    read(socket, take);
  });
  request.on('response', response => {
    if (response.statusCode === 400 || response.statusCode === 410) {
      response.resume();
      reject(new Error(`client ${client.id} (${client.format}) was refused with ${response.statusCode}`));
    } else if (response.statusCode !== 200) {
      client.refusals++;
      response.resume();
      response.on('close', resolve);
    } else {
      served(response);
      response.setEncoding('utf8');
      read(response, client.format === 'events' ? pieces('\n\n', e => takeEvent(client, e)) : pieces('\n', l => takeLine(client, l)));
    }
  });
  request.on('error', () => resolve());
  request.end();
});

async function run(client) {
  while (!client.isDone) {
    await connect(client);
    if (!client.isDone) await new Promise(next => setTimeout(next, 100 + 400 * Math.random()));
  }

  if (client.kept !== rowCount) throw new Error(`client ${client.id} (${client.format}) ended with ${client.kept} rows of ${rowCount}`);
  client.node = null;
}

const sum = of => clients.reduce((total, client) => total + of(client), 0);
function show() {
  const nodes = [...new Set(clients.map(c => c.node).filter(n => n !== null))].sort();
  const where = nodes.map(n => `${n}: ${clients.filter(c => !c.isDone && c.node === n).length}`).join('  ');
  console.log(`streams  ${where.padEnd(40)} done: ${sum(c => +c.isDone)}/${clientCount}  moved: ${sum(c => c.moves)}  came back: ${sum(c => c.starts - 1)}  rows: ${sum(c => c.kept)}`);
}

const shows = setInterval(show, 1000);
try {
  await Promise.all(clients.map(run));
  show();
  console.log(`${clientCount} clients ended with exactly rows 1 to ${rowCount}; ${sum(c => c.moves)} moves between nodes, ${sum(c => c.starts - 1)} times come back`);
  process.exitCode = 0;
} catch (failure) {
  show();
  console.error(`FAILED: ${failure.message}`);
  process.exitCode = 1;
}

clearInterval(shows);
process.exit();
