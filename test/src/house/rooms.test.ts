import { assert } from 'chai';
import { cyclesOf, type Import, importsBelow } from './imports.js';
import { OFFENDERS } from './offenders.js';
import { type PackageName, ROOMS } from './rooms.js';

const roomOf = (file: string): string => file.replace(/\.ts$/, '').split('/')[0]!;

const told = (imports: readonly Import[]): string[] => imports.map(({ from, to }) => `${from} -> ${to}`);

describe('the rooms of the packages', () => {
  for (const [name, rooms] of Object.entries(ROOMS) as [PackageName, readonly string[]][]) {
    describe(name, () => {
      const source = importsBelow(new URL(`../../../packages/${name}/src/`, import.meta.url));

      it('every file stands in a room of the list, and every room has files', async () => {
        const { files } = await source;
        assert.sameMembers([...new Set(files.map(roomOf))], [...rooms], 'see ROOMS in test/src/house/rooms.ts');
      });

      it('a room imports only rooms that stand before it in the list', async () => {
        const { imports } = await source;
        const upwards = imports.filter(({ from, to }) => rooms.indexOf(roomOf(to)) > rooms.indexOf(roomOf(from)));
        compare(told(upwards), OFFENDERS[name].upwards, 'imports a room that stands after its own');
      });

      it('no file imports itself by way of others', async () => {
        const { imports } = await source;
        compare(told(cyclesOf(imports)), OFFENDERS[name].cycles, 'is part of a cycle');
      });
    });
  }

  it('a cycle is found, and what merely leads to one or from it is not', () => {
    const imports = ['a -> b', 'b -> c', 'c -> b', 'c -> d', 'd -> e'].map((line) => {
      const [from, to] = line.split(' -> ');
      return { from: from!, to: to! };
    });
    assert.deepEqual(told(cyclesOf(imports)), ['b -> c', 'c -> b']);
    assert.deepEqual(cyclesOf(imports.slice(0, 2)), []);
    assert.lengthOf(cyclesOf([...imports, { from: 'e', to: 'a' }]), 6);
  });
});

function compare(found: readonly string[], known: readonly string[], fault: string): void {
  const fresh = found.filter((line) => !known.includes(line));
  assert.deepEqual(fresh, [], `each of these ${fault}`);
  const mended = known.filter((line) => !found.includes(line));
  assert.deepEqual(mended, [], 'these are mended: take them out of test/src/house/offenders.ts');
}
