import { TranscriptTab } from '../../../../../features/container/detail/transcript-tab.tsx';

export default function Page() {
  return <TranscriptTab />;
}
