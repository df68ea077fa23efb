// The same servers on Node: its own modules, and `ws` for WebSockets.
//
//   node node.js plain|bodies|file|tls|h2|h2tls|ws
'use strict';
const fs = require('fs');
const http = require('http');
const http2 = require('http2');

const what = process.argv[2];
const data = process.env.HTTP_DATA || '.';
const large = Buffer.alloc(1048576, 'x');
const chunk = Buffer.alloc(1024, 'x');

function reply(response, type, body) {
  response.writeHead(200, {
    'Server': 'node', 'Content-Type': type, 'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

function whole(request, then) {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => then(Buffer.concat(pieces)));
}

// Waits until the client takes more.
function sendChunks(response, left) {
  for (; left > 0; left--)
    if (!response.write(chunk)) {
      response.once('drain', () => sendChunks(response, left - 1));
      return;
    }
  response.end();
}

function serve(request, response) {
  const path = request.url;
  const users = /^\/users\/([^/]+)\/posts\/([^/]+)$/;
  let found;
  if (path === '/plaintext') {
    reply(response, 'text/plain', 'Hello, World!');
  } else if (path === '/json') {
    reply(response, 'application/json', JSON.stringify({message: 'Hello, World!'}));
  } else if ((found = users.exec(path)) !== null) {
    reply(response, 'text/plain', `${found[1]} ${found[2]}`);
  } else if (path === '/receive') {
    whole(request, (body) => {
      const value = JSON.parse(body);
      reply(response, 'text/plain', `${value.name} ${value.age}`);
    });
  } else if (path === '/echo') {
    whole(request, (body) => reply(response, 'text/plain', body));
  } else if (path === '/large') {
    reply(response, 'application/octet-stream', large);
  } else if (path === '/chunks') {
    response.writeHead(200, {'Server': 'node', 'Content-Type': 'text/plain'});
    sendChunks(response, 100);
  } else {
    response.writeHead(404);
    response.end();
  }
}

let server;
if (what === 'tls' || what === 'h2tls') {
  server = http2.createSecureServer({
    key: fs.readFileSync(`${data}/key.pem`), cert: fs.readFileSync(`${data}/cert.pem`),
    allowHTTP1: true,
  }, serve);
} else if (what === 'h2') {
  server = http2.createServer(serve);
} else {
  server = http.createServer(serve);
  server.keepAliveTimeout = 3600000;
}
if (what === 'ws') {
  let ws;
  try {
    ws = require('ws');
  } catch (error) {
    process.exit(77);
  }
  const sockets = new ws.WebSocketServer({server});
  sockets.on('connection', (socket) => {
    socket.on('message', (message, isBinary) => socket.send(message, {binary: isBinary}));
  });
}
server.listen({host: '127.0.0.1', port: 0, backlog: 4096}, () => {
  console.log(server.address().port);
});
