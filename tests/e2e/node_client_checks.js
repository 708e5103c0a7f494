// The API module of the Node client cloud-annotations (cacli), as its `train` and `progress` use it.
// argv[2]: a JSON file with the service's address, a token, the store and the zip.
const assert = require('assert')
const fs = require('fs')
const given = JSON.parse(fs.readFileSync(process.argv[2]))
const client = `${given.modules}/cloud-annotations/src/api`
const api = require(`${client}/api`)
const WML = require(`${client}/wml`)

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

function store(place, bucket) {
  return { type: 's3', connection: given.connection, [place]: { bucket } }
}

function follow(url, token, instance, id) {
  return new Promise((resolve, reject) => {
    const socket = api.socket(url, token, instance, id)
    let log = ''
    socket.on('message', message => {
      const { status } = JSON.parse(message)
      if (status && status.message) log += status.message
    })
    socket.on('close', code => resolve({ log, code }))
    socket.on('error', reject)
  })
}

async function tell() {
  const { url, token, instance } = given
  const wml = new WML({
    credentials: { cos: {}, wml: { url, instance_id: instance, api_key: 'none' } },
    name: 'cups',
    buckets: {}
  })
  wml._token = token // the client asks IBM's own login service, at an address of its own, for one

  const definition = await wml.createTrainingDefinition()
  assert.strictEqual(definition.entity.name, 'cups')
  assert.deepStrictEqual(definition.entity.framework.runtimes, [{ name: 'python', version: '3.6' }])
  assert.deepStrictEqual(await wml.addTrainingScript(definition, given.zip), { ok: 'true' })

  const run = await api.postModel(url, token, instance, {
    model_definition: {
      framework: { name: 'python', version: 'system' },
      name: 'cups',
      author: {},
      definition_href: definition.metadata.url,
      execution: {
        command: 'cd "$(dirname "$(find . -name "start.sh" -maxdepth 2 | head -1)")" && chmod 777 ./start.sh && ./start.sh 5',
        compute_configuration: { name: 'k80' }
      }
    },
    training_data_reference: store('source', 'training-data'),
    training_results_reference: store('target', 'training-results')
  })
  const id = run.metadata.guid
  const { log, code } = await follow(url, token, instance, id)
  assert.strictEqual(code, 1000)
  assert.ok(log.includes('step 5 of 5\n'), log)

  let shown
  do {
    await sleep(100)
    shown = await wml.getTrainingRun(id)
  } while (!['completed', 'error'].includes(shown.entity.status.state))
  assert.strictEqual(shown.entity.status.state, 'completed')
  assert.ok(Date.parse(shown.entity.status.finished_at) >= Date.parse(shown.entity.status.submitted_at))
  const list = await wml.listTrainingRuns()
  assert.ok(list.resources.some(each => each.metadata.guid === id))
  await assert.rejects(api.getModel(url, token, instance, 'training-nothing00'), { statusCode: 404 })
  console.log('the whole story was told')
}

tell().catch(error => {
  console.error(error.message || error)
  process.exit(1)
})
