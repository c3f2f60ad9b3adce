import { writeFileSync } from 'node:fs';
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
writeFileSync('examples/grafana/alerts.yaml', alertRules());
