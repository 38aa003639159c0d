import { ProcessesTab } from '../../../../../features/container/detail/processes-tab.tsx';

export default function Page() {
  return <ProcessesTab />;
}
