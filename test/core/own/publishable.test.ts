import { Stack } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type Boundary, defineBoundary, type EntityDeclaration } from '../../../core/contract.ts';
import { fact } from '../../../core/facts/fact.ts';
import { assertPublishable, type Classification } from '../../../core/own/publishable.ts';
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

describe('what a boundary publishes', () => {
  test('is reference data where nothing is said', () => {
    expect(owning({}).owns.Customer).toMatchObject({ classification: 'reference', fields: {} });
  });

  test.each<[string, Partial<EntityDeclaration>]>([
    ['a type', { classification: { is: 'transactional', publishedBecause: REASON } }],
    [
      'what is in a list',
      { schema: customerSchema, fields: { 'contacts.email': { is: 'personal', publishedBecause: REASON } } },
    ],
    ['a field', { fields: { email: { is: 'personal', publishedBecause: REASON }, name: 'reference' } }],
  ])('may be %s of another kind with a reason', (_, changes) => {
    expect(owning(changes).owns.Customer).toMatchObject(changes);
  });

  test.each<[string, Partial<EntityDeclaration>, string, RegExp]>([
    [
      'a transactional type',
      { classification: 'transactional' },
      'owns.Customer.classification',
      /customers publishes Customer, which is transactional: it stays with its owner and travels as an id\. Take it out/,
    ],
    ['a personal type', { classification: 'personal' }, 'owns.Customer.classification', /which is personal/],
    [
      'a personal field',
      { fields: { email: 'personal' } },
      'owns.Customer.fields.email',
      /publishes Customer with its field "email", which is personal.*\{ is: 'personal', publishedBecause: '…' \}/,
    ],
    [
      'a transactional field of a type that is allowed',
      { classification: { is: 'personal', publishedBecause: REASON }, fields: { balance: 'transactional' } },
      'owns.Customer.fields.balance',
      /which is transactional/,
    ],
    [
      'a reason that says nothing',
      { fields: { email: { is: 'personal', publishedBecause: 'because' } } },
      'owns.Customer.fields.email.publishedBecause',
      /given: "because"\. A reason that a reader can judge: 20 to 1000/,
    ],
    [
      'a reason of blanks',
      { fields: { email: { is: 'personal', publishedBecause: ' '.repeat(40) } } },
      'owns.Customer.fields.email.publishedBecause',
      /A reason/,
    ],
    [
      'a class that is none',
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
      'a personal field inside another',
      { schema: customerSchema, fields: { 'address.street': 'personal' } },
      'owns.Customer.fields.address.street',
      /with its field "address\.street", which is personal/,
    ],
    [
      'a field inside another that its schema does not have',
      { schema: customerSchema, fields: { 'contacts.mail': 'reference' } },
      'owns.Customer.fields.contacts.mail',
      /the schema has no field "mail" in contacts\. It has: email/,
    ],
  ])('is refused when it is defined with %s', (_, changes, field, message) => {
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
  )('of a type that is %j with a field that is %j needs a reason for each that is not reference data', (ofType, ofField) => {
    const define = () => owning({ classification: ofType, fields: ofField === undefined ? {} : { email: ofField } });
    const isLeft = (one?: Classification) => one === 'transactional' || one === 'personal';
    if (!isLeft(ofType) && !isLeft(ofField)) expect(define).not.toThrow();
    else
      expect(define).toThrow(isLeft(ofType) ? /^owns\.Customer\.classification: / : /^owns\.Customer\.fields\.email: /);
  });

  test.each<[string, readonly string[], string, string]>([
    ['what names no id', ['orderId', 'amount'], 'orderId', 'publishes.OrderPlaced.ids'],
    ['a name that only ends like one', ['orderId', 'Id'], 'orderId', 'publishes.OrderPlaced.ids'],
    ['an id twice', ['orderId', 'orderId'], 'orderId', 'publishes.OrderPlaced.ids'],
    ['no id', [], 'orderId', 'publishes.OrderPlaced.about'],
    ['an id that it is about and does not carry', ['cartId'], 'orderId', 'publishes.OrderPlaced.about'],
  ])('is no fact with %s', (_, ids, about, field) => {
    const publishes = { OrderPlaced: fact<string>({ ids, about }) };
    expect(() => defineBoundary(import.meta.url, { name: 'x', publishes })).toThrowError(
      expect.objectContaining({ code: 'NotPublishable', field }),
    );
  });

  test('is no fact of a name that is none', () => {
    const publishes = { 'Order Placed': fact({ ids: ['orderId'], about: 'orderId' }) };
    expect(() => defineBoundary(import.meta.url, { name: 'x', publishes })).toThrowError(
      expect.objectContaining({ code: 'InvalidEntityType' }),
    );
  });
});

describe('what is deployed', () => {
  const { Product } = catalogue.owns;
  const changed: Boundary = { ...catalogue, owns: { Product: { ...Product, fields: { price: 'transactional' } } } };
  const telling: Boundary = {
    ...sales,
    publishes: { OrderPlaced: { ...sales.publishes.OrderPlaced, ids: ['orderId', 'amount'] } },
  };

  test('is looked at again: it may have been changed since it was defined', () => {
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
      'no fields',
      { owns: { Product: { ...Product, fields: undefined } } },
      'owns.Product.fields',
      /not an object: undefined\./,
    ],
    ['no contract of a type', { owns: { Product: null } }, 'owns.Product', /not an object: null/],
    ['nothing owned', { owns: undefined }, 'owns', /what `defineBoundary` returns, \{\} where there is nothing/],
    ['no facts', { publishes: undefined }, 'publishes', /not an object: undefined/],
    ['no contract of a fact', { publishes: { Sold: undefined } }, 'publishes.Sold', /not an object: undefined/],
    [
      'a fact without ids',
      { publishes: { Sold: { about: 'id' } } },
      'publishes.Sold.ids',
      /not a list of names: undefined/,
    ],
  ])('may have been put together by hand, with %s', (_, changes, field, message) => {
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
