import { randomInt } from 'node:crypto';

const qualities =
  'amber bold brisk calm clear clever deep dry early fair firm fleet fresh gentle grand green keen kind late light lively lucid mellow mild neat noble proud quick quiet ready rising round sharp silent silver sleek smooth solid steady still stout sunny swift tidy true warm wide wise'.split(
    ' ',
  );
const things =
  'anchor bay beacon berth bow bridge buoy cabin canal cape cargo channel coast compass cove crest current deck delta dock ferry fjord harbor hatch helm hull island keel lagoon lantern locker mast pier port quay raft reef rigging rudder sail schooner shore sound strait stern tide tiller vessel wake wave wharf'.split(
    ' ',
  );

/** Two words a person can say and type: `quiet-harbor`. */
export const randomName = (): string => `${qualities[randomInt(qualities.length)]}-${things[randomInt(things.length)]}`;
