// A bare node:http server: what a Node process weighs before it does anything.
import http from 'node:http';

http.createServer((_request, response) => response.end('ok')).listen(Number(process.env.PORT), '127.0.0.1');
