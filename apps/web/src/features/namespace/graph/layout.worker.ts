import type { LayoutAnswer, LayoutQuestion } from './layout.ts';
import { Placement } from './placement.ts';

/** Places boxes off the main thread. Each picture has a memory of its own, so that coming back to one finds it as it was. */
const memories = new Map<string, Placement>();
const mostMemories = 24;

self.onmessage = ({ data: { id, picture, boxes, anew } }: MessageEvent<LayoutQuestion>) => {
  let placement = anew ? undefined : memories.get(picture);
  if (placement === undefined) {
    placement = new Placement();
    const oldest = memories.size >= mostMemories ? memories.keys().next().value : undefined;
    if (oldest !== undefined) memories.delete(oldest);
  }
  // The latest used comes last.
  memories.delete(picture);
  memories.set(picture, placement);
  self.postMessage({ id, picture, placed: placement.place(boxes) } satisfies LayoutAnswer);
};
