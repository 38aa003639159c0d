import { WorkloadPage } from '../../../../features/workload/workload-page.tsx';
import { readSession } from '../../../../lib/session.ts';

export default async function Page() {
  return <WorkloadPage administrator={(await readSession()).tenants === 'all'} />;
}
