/** Node 26 as pnpm lays it out, below a checkout or a version of the program. */
export const nodePackage = `node_modules/node-linux-${process.arch}`;

/** Node 26 as the services see it. */
export const nodeProgram = (programDirectory: string): string => `${programDirectory}/${nodePackage}/bin/node`;
