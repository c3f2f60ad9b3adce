// express with http-proxy-middleware and a keep-alive agent: a fixed header and nothing else.
import http from 'node:http';
import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';

const app = express();
app.use(
  createProxyMiddleware({
    target: process.env.UPSTREAM,
    changeOrigin: true,
    agent: new http.Agent({ keepAlive: true }),
    headers: { authorization: `Bearer ${process.env.TOKEN}` },
  }),
);
app.listen(Number(process.env.PORT), '127.0.0.1');
