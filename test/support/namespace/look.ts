/** Looks at the host once, as whoever runs it, and prints what it sees. */
import { NamespaceTracker } from '@bulkhead/namespace';

using tracker = new NamespaceTracker({ onChange: () => undefined });
await tracker.start();
process.stdout.write(JSON.stringify(tracker.show()));
