import { reviewedInstancesContract, sagaStoreContract } from '../../adapters/saga/store-contract.ts';
import { inMemorySagaStore } from '../../support/sagas.ts';

sagaStoreContract(async () => {
  const { store, effects } = inMemorySagaStore();
  return {
    store,
    effectNames: async (key) => effects.flatMap((one) => (one.key === key ? [one.name] : [])).sort(),
  };
});

reviewedInstancesContract(async () => inMemorySagaStore());
