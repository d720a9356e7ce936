import { describe, expect, it } from 'vitest';

import { stillMapped } from '../../../shared/still-mapped.ts';

const mapping = {
  projects: [
    { name: 'webshop', customer: 'cus_wrong' },
    { name: 'ops', customer: 'cus_right' },
  ],
  members: [{ name: 'bo', customer: 'cus_wrong' }],
  fallback: 'cus_wrong',
};

describe('what is still mapped to a customer', () => {
  it('is told by name, with what to do', () => {
    expect(stillMapped(mapping, 'cus_wrong')).toBe(
      'Still mapped to it: the project webshop, the member bo, everything that maps to nobody. Map that to another customer, or its next calls come back as well.',
    );
  });

  it('is nothing where nothing is', () => {
    expect(stillMapped(mapping, 'cus_other')).toBeNull();
    expect(stillMapped({ projects: [], members: [], fallback: null }, 'cus_wrong')).toBeNull();
  });
});
