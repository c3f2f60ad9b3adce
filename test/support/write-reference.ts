import { readFileSync, writeFileSync } from 'node:fs';
import { rowsOf, scalingPage } from '../../bench/simulation/page.ts';
import { configReference, configSchema } from '../../src/config/reference.ts';
import { providers } from '../../src/provider/index.ts';
import { alertRules } from './alert-rules.ts';
import { dependenciesPage } from './dependencies-page.ts';
import { errorsPage } from './errors-page.ts';
import { metricsPage } from './metrics-page.ts';

// Run from the root of the project: npm run reference.
writeFileSync('config/schema.json', configSchema(providers));
writeFileSync('docs/configuration.md', configReference(providers));
writeFileSync('docs/dependencies.md', dependenciesPage());
writeFileSync('docs/errors.md', errorsPage());
writeFileSync('docs/metrics.md', metricsPage());
// its figures stay: npm run simulate makes them
const scaling = rowsOf(readFileSync('docs/scaling.md', 'utf8'));
writeFileSync('docs/scaling.md', scalingPage(scaling, readFileSync('docs/performance.md', 'utf8')));
writeFileSync('examples/grafana/alerts.yaml', alertRules());
