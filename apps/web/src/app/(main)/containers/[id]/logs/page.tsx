import { LogsTab } from '../../../../../features/container/detail/logs-tab.tsx';

export default function Page() {
  return <LogsTab />;
}
