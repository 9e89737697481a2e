process.env.GUESTBOOK = ':memory:'
const request = require('supertest')
const app = require('../server')

describe('entries', () => {
  it('begins empty', () => request(app).get('/entries').expect(200, []))
})
