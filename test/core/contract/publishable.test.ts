import { Stack } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Boundary, Classification, EntityDeclaration } from '../../../core/contract/contract.ts';
import { defineBoundary } from '../../../core/contract/define-boundary.ts';
import { assertPublishable } from '../../../core/contract/publishable.ts';
import { fact } from '../../../core/facts/fact.ts';
import { ChangeTopic } from '../../../lib/change-topic.ts';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import { FactTopic } from '../../../lib/fact-topic.ts';
import { catalogue, productSchema } from '../../support/boundaries.ts';
import { sales } from '../../support/sagas.ts';
import { stackTemplate } from '../../support/shop.ts';

const REASON = 'The card that ordering shows has it; it is erased with the customer.';
const customerSchema = z.strictObject({
  name: z.string(),
  email: z.string(),
  address: z.object({ street: z.string() }),
  contacts: z.array(z.object({ email: z.string() })),
});
const owning = (changes: Partial<EntityDeclaration>) =>
  defineBoundary(import.meta.url, { name: 'customers', owns: { Customer: { schema: productSchema, ...changes } } });

describe('the data that a boundary publishes', () => {
  test('a type is reference data by default', () => {
    expect(owning({}).owns.Customer).toMatchObject({ classification: 'reference', fields: {} });
  });

  test.each<[string, Partial<EntityDeclaration>]>([
    ['a type', { classification: { is: 'transactional', publishedBecause: REASON } }],
    [
      'a field inside a list',
      { schema: customerSchema, fields: { 'contacts.email': { is: 'personal', publishedBecause: REASON } } },
    ],
    ['a field', { fields: { email: { is: 'personal', publishedBecause: REASON }, name: 'reference' } }],
  ])('%s of another class may be published with a reason', (_, changes) => {
    expect(owning(changes).owns.Customer).toMatchObject(changes);
  });

  test.each<[string, Partial<EntityDeclaration>, string, RegExp]>([
    [
      'a transactional type',
      { classification: 'transactional' },
      'owns.Customer.classification',
      /customers publishes Customer, which is transactional data\. Such data stays with its owner .* Remove it/,
    ],
    ['a personal type', { classification: 'personal' }, 'owns.Customer.classification', /which is personal/],
    [
      'a personal field',
      { fields: { email: 'personal' } },
      'owns.Customer.fields.email',
      /publishes Customer with its field "email", which is personal.*\{ is: 'personal', publishedBecause: '…' \}/,
    ],
    [
      'a transactional field in a type that has a reason',
      { classification: { is: 'personal', publishedBecause: REASON }, fields: { balance: 'transactional' } },
      'owns.Customer.fields.balance',
      /which is transactional/,
    ],
    [
      'a reason that is too short',
      { fields: { email: { is: 'personal', publishedBecause: 'because' } } },
      'owns.Customer.fields.email.publishedBecause',
      /not a valid reason: "because"\. Allowed: a text of 20 to 1000 characters/,
    ],
    [
      'a reason of blanks',
      { fields: { email: { is: 'personal', publishedBecause: ' '.repeat(40) } } },
      'owns.Customer.fields.email.publishedBecause',
      /not a valid reason/,
    ],
    [
      'an unknown class',
      { classification: 'secret' as Classification },
      'owns.Customer.classification',
      /not a classification: "secret"\. Allowed: reference, transactional, personal/,
    ],
    [
      'a field that its schema does not have',
      { schema: customerSchema, fields: { emial: { is: 'personal', publishedBecause: REASON } } },
      'owns.Customer.fields.emial',
      /the schema has no field "emial"\. It has: name, email, address, contacts/,
    ],
    [
      'a personal nested field',
      { schema: customerSchema, fields: { 'address.street': 'personal' } },
      'owns.Customer.fields.address.street',
      /with its field "address\.street", which is personal/,
    ],
    [
      'a nested field that its schema does not have',
      { schema: customerSchema, fields: { 'contacts.mail': 'reference' } },
      'owns.Customer.fields.contacts.mail',
      /the schema has no field "mail" in contacts\. It has: email/,
    ],
  ])('a boundary with %s is refused when it is defined', (_, changes, field, message) => {
    expect(() => owning(changes)).toThrowError(expect.objectContaining({ code: 'NotPublishable', field }));
    expect(() => owning(changes)).toThrow(message);
  });

  const classes: readonly Classification[] = [
    ...(['reference', 'transactional', 'personal'] as const),
    ...(['transactional', 'personal'] as const).map((is) => ({ is, publishedBecause: REASON })),
  ];
  const all = classes.flatMap((ofType) => [undefined, ...classes].map((ofField) => [ofType, ofField] as const));

  test.each(
    all,
  )('a type of class %j with a field of class %j needs a reason for each class but reference', (ofType, ofField) => {
    const define = () => owning({ classification: ofType, fields: ofField === undefined ? {} : { email: ofField } });
    const lacksReason = (one?: Classification) => one === 'transactional' || one === 'personal';
    if (lacksReason(ofType)) expect(define).toThrow(/^owns\.Customer\.classification: /);
    else if (lacksReason(ofField)) expect(define).toThrow(/^owns\.Customer\.fields\.email: /);
    else expect(define).not.toThrow();
  });

  test.each<[string, readonly string[], string, string]>([
    ['a field that does not name an id', ['orderId', 'amount'], 'orderId', 'publishes.OrderPlaced.ids'],
    ['a field named Id', ['orderId', 'Id'], 'orderId', 'publishes.OrderPlaced.ids'],
    ['the same id twice', ['orderId', 'orderId'], 'orderId', 'publishes.OrderPlaced.ids'],
    ['no id', [], 'orderId', 'publishes.OrderPlaced.about'],
    ['a subject that is not among its ids', ['cartId'], 'orderId', 'publishes.OrderPlaced.about'],
  ])('a fact with %s is refused', (_, ids, about, field) => {
    const publishes = { OrderPlaced: fact<string>({ ids, about }) };
    expect(() => defineBoundary(import.meta.url, { name: 'x', publishes })).toThrowError(
      expect.objectContaining({ code: 'NotPublishable', field }),
    );
  });

  test('a fact with an invalid name is refused', () => {
    const publishes = { 'Order Placed': fact({ ids: ['orderId'], about: 'orderId' }) };
    expect(() => defineBoundary(import.meta.url, { name: 'x', publishes })).toThrowError(
      expect.objectContaining({ code: 'InvalidEntityType' }),
    );
  });
});

describe('a deployed boundary', () => {
  const { Product } = catalogue.owns;
  const changed: Boundary = { ...catalogue, owns: { Product: { ...Product, fields: { price: 'transactional' } } } };
  const telling: Boundary = {
    ...sales,
    publishes: { OrderPlaced: { ...sales.publishes.OrderPlaced, ids: ['orderId', 'amount'] } },
  };

  test('the constructs check a boundary that was changed after its definition', () => {
    expect(() => stackTemplate((stack) => void new EntityOwner(stack, 'Owner', { boundary: changed }))).toThrow(
      /^owns\.Product\.fields\.price: catalogue publishes Product with its field "price", which is transactional/,
    );
    expect(() => stackTemplate((stack) => void new ChangeTopic(stack, 'Topic', { boundary: changed }))).toThrow(
      /^owns\.Product\.fields\.price/,
    );
    expect(() => stackTemplate((stack) => void new FactTopic(stack, 'Facts', { boundary: telling }))).toThrow(
      /^publishes\.OrderPlaced\.ids: "amount" names no id/,
    );
  });

  test.each<[string, object, string, RegExp]>([
    [
      'no classification',
      { owns: { Product: { ...Product, classification: undefined } } },
      'owns.Product.classification',
      /undefined/,
    ],
    [
      'no classified fields',
      { owns: { Product: { ...Product, fields: undefined } } },
      'owns.Product.fields',
      /not an object: undefined\./,
    ],
    ['no contract of a type', { owns: { Product: null } }, 'owns.Product', /not an object: null/],
    ['nothing owned', { owns: undefined }, 'owns', /the value that `defineBoundary` returns, which is \{\} if nothing/],
    ['no facts', { publishes: undefined }, 'publishes', /not an object: undefined/],
    ['no contract of a fact', { publishes: { Sold: undefined } }, 'publishes.Sold', /not an object: undefined/],
    [
      'a fact without ids',
      { publishes: { Sold: { about: 'id' } } },
      'publishes.Sold.ids',
      /not a list of names: undefined/,
    ],
  ])('a boundary that was not made by defineBoundary is refused with %s', (_, changes, field, message) => {
    const boundary = { ...catalogue, ...changes } as Boundary;
    for (const [Publishing, id] of [
      [EntityOwner, 'Owner'],
      [FactTopic, 'Facts'],
      [ChangeTopic, 'Topic'],
    ] as const) {
      expect(() => new Publishing(new Stack(), id, { boundary })).toThrowError(
        expect.objectContaining({ code: 'NotPublishable', field }),
      );
    }
    expect(() => assertPublishable(boundary)).toThrow(message);
  });
});
