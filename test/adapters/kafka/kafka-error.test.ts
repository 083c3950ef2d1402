import { kafkaError } from '@tapline/adapters/kafka/kafka-error';
import { PipelineError } from '@tapline/core/errors';
import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';

const protocolError = (type: string, retriable = false): Error =>
  new kafkajs.KafkaJSProtocolError(Object.assign(new Error(`the broker says ${type}`), { type, code: 1, retriable }));

/** As the library gives up: the last error of several tries. */
const givenUp = (cause: Error): Error =>
  new kafkajs.KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 3, retryTime: 100 });

describe("the library's errors", () => {
  it('are worth another try when the broker did not answer, although the library calls that final', () => {
    const error = kafkaError(
      givenUp(new kafkajs.KafkaJSConnectionError('Connection error: connect ECONNREFUSED', {})),
      'sending to t',
    );
    expect(error).toMatchObject({ code: 'STORE', retriable: true });
    expect(error.message).toBe('Kafka: sending to t: Connection error: connect ECONNREFUSED');
  });

  it('are final, with advice, when the broker will say the same again', () => {
    const error = kafkaError(givenUp(protocolError('TOPIC_AUTHORIZATION_FAILED')), 'sending to t');
    expect(error.retriable).toBe(false);
    expect(error.message).toMatch(/^Kafka: sending to t: this user may not use the topic: .*access lists/);
    expect(kafkaError(protocolError('MESSAGE_TOO_LARGE'), 'sending')).toMatchObject({ retriable: false });
  });

  it('say how to make a topic that is missing, and hope that somebody does', () => {
    const error = kafkaError(givenUp(protocolError('UNKNOWN_TOPIC_OR_PARTITION', true)), 'sending to t');
    expect(error.retriable).toBe(true);
    expect(error.message).toMatch(/"tapline topics ensure"/);
  });

  it('name logins and certificates that do not fit, and the reason within an answer about several topics', () => {
    const login = Object.assign(new Error('no'), { name: 'KafkaJSSASLAuthenticationError', retriable: false });
    expect(kafkaError(givenUp(login), 'x').message).toMatch(/refuses the login/);
    const certificate = new kafkajs.KafkaJSConnectionError('Connection error: self-signed certificate', {
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    expect(kafkaError(givenUp(certificate), 'x')).toMatchObject({ retriable: false });
    const several = new kafkajs.KafkaJSAggregateError('Topic creation errors', [
      protocolError('INVALID_TOPIC_EXCEPTION'),
    ]);
    expect(kafkaError(several, 'x').message).toMatch(/no topic can have this name/);
  });

  it('stay ours when they are ours, and stay readable when they are nothing we know', () => {
    const ours = new PipelineError('USAGE', 'wrong');
    expect(kafkaError(ours, 'x')).toBe(ours);
    expect(kafkaError('odd\nthing', 'x')).toMatchObject({ message: 'Kafka: x: odd thing', retriable: false });
  });
});
