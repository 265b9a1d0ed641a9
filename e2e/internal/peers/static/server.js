// Serves a folder with serve-static, for a Go test, until it is killed:
//
//   node server.js FOLDER PORT OPTIONS
//
// OPTIONS are serve-static's, as JSON: {"etag": false, "maxAge": "1h"}.
'use strict';

const http = require('node:http');
const serveStatic = require('serve-static');

const [folder, port, options] = process.argv.slice(2);
const files = serveStatic(folder, JSON.parse(options));

http
  .createServer((req, res) => {
    files(req, res, (err) => {
      res.statusCode = err ? err.statusCode || 500 : 404;
      res.end();
    });
  })
  .listen(Number(port), '127.0.0.1');
