import Fastify from 'fastify'
import { readFileSync } from 'node:fs'
import { noonIn } from './zones.js'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
const server = Fastify({ logger: true })

server.get('/version', async () => ({ version }))
server.get<{ Params: { area: string; city: string } }>('/noon/:area/:city', async (request, reply) => {
  const noon = noonIn(`${request.params.area}/${request.params.city}`)
  return noon ?? reply.code(404).send({ error: 'no such zone' })
})

process.on('SIGTERM', () => void server.close())
await server.listen({ host: '0.0.0.0', port: Number(process.env.PORT ?? 8080) })
