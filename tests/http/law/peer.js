// A server of Node for tests/http/law.c: tells in X-T which target it was asked for, and in X-B how
// many bytes the body had. Its argument is the path of its socket.
'use strict';
const http = require('http');

const options = { maxHeaderSize: 131072, keepAliveTimeout: 600000 };
const server = http.createServer(options, (request, response) => {
  let size = 0;
  request.on('data', (piece) => { size += piece.length; });
  request.on('end', () => {
    response.writeHead(200, { 'X-T': request.url, 'X-B': size, 'Content-Length': 1 });
    response.end('x');
  });
  request.on('error', () => {});
});
server.maxHeadersCount = 0;
server.requestTimeout = 0;
server.headersTimeout = 0;
server.listen(process.argv[2]);
