// A reverse proxy as one writes it by hand: node:http on both sides, bodies piped, a fixed header.
import http from 'node:http';

const upstream = new URL(process.env.UPSTREAM);
const authorization = `Bearer ${process.env.TOKEN}`;
const agent = new http.Agent({ keepAlive: true });

http
  .createServer((request, response) => {
    const headers = { ...request.headers, host: upstream.host, authorization };
    const { hostname, port } = upstream;
    const outgoing = http.request(
      { agent, hostname, port, method: request.method, path: request.url, headers },
      (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      },
    );
    outgoing.on('error', () => response.destroy());
    request.pipe(outgoing);
  })
  .listen(Number(process.env.PORT), '127.0.0.1');
