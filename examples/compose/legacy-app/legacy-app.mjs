// A program from before tokens: it asks an API over plain HTTP and has never heard of an Authorization header.
// Its only setting is where the API is.
import { get } from 'node:http';

const url = `${process.env.API_URL ?? 'http://127.0.0.1:8080'}/rest/2.0/communities`;
// a timer takes what is no number, and 0, for one millisecond
const intervalMs = Number(process.env.INTERVAL_MS) || 1000;
const counts = { asked: 0, failed: 0 };

function ask() {
  counts.asked += 1;
  get(url, (answer) => {
    let text = '';
    answer.setEncoding('utf8');
    answer.on('data', (chunk) => {
      text += chunk;
    });
    answer.on('end', () => tell(answer.statusCode === 200, `${answer.statusCode} ${text.slice(0, 200)}`));
  }).on('error', (error) => tell(false, error.message));
}

function tell(good, words) {
  if (!good) counts.failed += 1;
  console.log(`${good ? 'ok' : 'FAILED'} ${words}`);
}

setInterval(ask, intervalMs);
process.on('SIGTERM', () => {
  console.log(`asked ${counts.asked} times, ${counts.failed} failed`);
  process.exit(0);
});
