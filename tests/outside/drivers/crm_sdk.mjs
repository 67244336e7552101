// Zoho's own Node SDK for CRM against the base URL that it is given; prints what it saw as JSON, in the form
// of crm_sdk.py beside it, so that one suite of tests reads both.
//
//     SDK_HOME=folder-with-node_modules node crm_sdk.mjs SCENARIO URL FOLDER [INPUT, as JSON]
//
// The URL is named by DataCenter.setEnvironment, the SDK's own way to say where Zoho is. Nothing is replaced.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { writeFileSync } from "node:fs";

const home = createRequire(`${process.env.SDK_HOME}/`);
const sdk = await import(pathToFileURL(home.resolve("@zohocrm/nodejs-sdk-8.0")));
const { Record, Notifications, BulkRead, Coql, Modules, Fields } = sdk;

const snake = (name) => name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();

// Any object of the SDK as plain data, without the SDK's own notes on what was changed.
function plain(value) {
  if (value instanceof Record.Record) return plain(value.getKeyValues());
  if (value instanceof sdk.Choice) return plain(value.getValue());
  if (value instanceof Date) return value.toISOString().replace(".000Z", "+00:00");
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, held]) => [key, plain(held)]));
  if (value === null || value === undefined) return null;
  if (typeof value !== "object") return value;
  const told = { class: value.constructor.name };
  for (const [key, held] of Object.entries(value)) {
    if (!(held instanceof Map && key === "keyModified")) told[snake(key)] = plain(held);
  }
  return told;
}

const seen = (answer) => ({ status: answer.getStatusCode(), body: plain(answer.getObject()) });

async function parameters(names, given) {
  const made = new sdk.ParameterMap();
  for (const [name, value] of Object.entries(given)) await made.add(names[name.toUpperCase()], value);
  return made;
}

function valueOf(value) {
  if (value?.choice !== undefined) return new sdk.Choice(value.choice);
  if (value?.lookup === undefined) return value;
  const other = new Record.Record();
  other.setId(BigInt(value.lookup));
  return other;
}

function body(rows, check) {
  const made = new Record.BodyWrapper();
  made.setData(
    rows.map((row) => {
      const one = new Record.Record();
      for (const [name, value] of Object.entries(row)) {
        if (name === "id") one.setId(value);
        else one.addKeyValue(name, valueOf(value));
      }
      return one;
    }),
  );
  if (check) made.setDuplicateCheckFields(check);
  return made;
}

async function life(given) {
  const operations = new Record.RecordOperations(given.module);
  const told = { create: seen(await operations.createRecords(body([given.create]))) };
  const made = BigInt(told.create.body.data[0].details.id);
  const read = () => parameters(Record.GetRecordParam, { fields: given.fields });
  told.get = seen(await operations.getRecord(made, await read()));
  told.update = seen(await operations.updateRecord(made, body([given.update])));
  told.bulk_update = seen(await operations.updateRecords(body([{ id: made, ...given.bulk_update }])));
  told.upsert = seen(await operations.upsertRecords(body(given.upsert, [given.key])));
  told.get_again = seen(await operations.getRecord(made, await read()));
  const ids = () => parameters(Record.DeleteRecordsParam, { ids: String(made) });
  told.delete = seen(
    await (given.delete_as === "many" ? operations.deleteRecords(await ids()) : operations.deleteRecord(made)),
  );
  told.get_deleted = seen(await operations.getRecord(made, await read()));
  return told;
}

async function pages(given) {
  const pageOf = async (where) => {
    const asked = { fields: "Account_Name", per_page: given.per_page, ...where };
    return new Record.RecordOperations("Accounts").getRecords(await parameters(Record.GetRecordsParam, asked));
  };
  const ids = (answer) => answer.getData().map((row) => row.getId());
  const told = { by_page: [], by_token: [] };
  for (let page = 1; page <= given.pages; page += 1) told.by_page.push(ids((await pageOf({ page })).getObject()));
  told.beyond = seen(await pageOf({ page: given.pages + 1 }));
  let answer = (await pageOf({})).getObject();
  told.by_token.push(ids(answer));
  while (answer.getInfo().getMoreRecords()) {
    answer = (await pageOf({ page_token: answer.getInfo().getNextPageToken() })).getObject();
    told.by_token.push(ids(answer));
  }
  return told;
}

async function changed(given) {
  const operations = new Record.RecordOperations(given.module);
  const since = async (names) => {
    const made = new sdk.HeaderMap();
    await made.add(names.IF_MODIFIED_SINCE, new Date(given.since));
    return made;
  };
  const read = await parameters(Record.GetRecordsParam, { fields: given.fields });
  const told = { changed: seen(await operations.getRecords(read, await since(Record.GetRecordsHeader))) };
  for (const type of ["all", "recycle", "permanent"]) {
    const asked = await parameters(Record.GetDeletedRecordsParam, { type, per_page: 200, page: 1 });
    told[type] = seen(await operations.getDeletedRecords(asked));
  }
  const all = await parameters(Record.GetDeletedRecordsParam, { type: "all" });
  told.since = seen(await operations.getDeletedRecords(all, await since(Record.GetDeletedRecordsHeader)));
  return told;
}

function channel(given, days, more = {}) {
  const made = new Notifications.Notification();
  const whole = new Notifications.BodyWrapper();
  made.setChannelId(given.channel_id);
  made.setEvents(more.events ?? given.events);
  made.setToken(more.token ?? given.token);
  made.setNotifyUrl(given.notify_url);
  made.setChannelExpiry(new Date(Date.parse(given.now) + days * 86_400_000));
  whole.setWatch([made]);
  return whole;
}

async function watch(given) {
  const operations = new Notifications.NotificationsOperations();
  const one = () => parameters(Notifications.GetNotificationsParam, { channel_id: BigInt(given.channel_id) });
  const told = { enable: seen(await operations.enableNotifications(channel(given, 1))) };
  told.get = seen(await operations.getNotifications(await one()));
  told.replace = seen(await operations.updateNotifications(channel(given, 2, { token: given.new_token })));
  const more = { token: given.new_token, events: given.new_events };
  told.renew = seen(await operations.updateNotification(channel(given, 6, more)));
  told.get_again = seen(await operations.getNotifications(await one()));
  return told;
}

async function unwatch(given) {
  const operations = new Notifications.NotificationsOperations();
  const one = new Notifications.Notification();
  const whole = new Notifications.BodyWrapper();
  one.setChannelId(given.channel_id);
  one.setEvents(given.off);
  one.setDeleteEvents(new sdk.Choice(true));
  whole.setWatch([one]);
  const told = { less: seen(await operations.disableNotification(whole)) };
  const asked = () => parameters(Notifications.GetNotificationsParam, { channel_id: BigInt(given.channel_id) });
  const gone = () => parameters(Notifications.DeleteNotificationParam, { channel_ids: given.channel_id });
  told.get = seen(await operations.getNotifications(await asked()));
  told.disable = seen(await operations.deleteNotification(await gone()));
  told.get_again = seen(await operations.getNotifications(await asked()));
  told.disable_again = seen(await operations.deleteNotification(await gone()));
  return told;
}

async function bulk_order(given) {
  const operations = new BulkRead.BulkReadOperations();
  const [query, whole, criteria] = [new BulkRead.Query(), new BulkRead.BodyWrapper(), new BulkRead.Criteria()];
  const [module, field] = [new Modules.MinifiedModule(), new Fields.MinifiedField()];
  module.setAPIName(given.module);
  field.setAPIName(given.where[0]);
  await criteria.setField(field);
  criteria.setComparator(new sdk.Choice(given.where[1]));
  criteria.setValue(given.where[2]);
  await query.setModule(module);
  query.setFields(given.fields);
  query.setPage(1);
  await query.setCriteria(criteria);
  await whole.setQuery(query);
  const callback = new BulkRead.CallBack();
  callback.setUrl(given.callback);
  callback.setMethod(new sdk.Choice("post"));
  await whole.setCallback(callback);
  const told = { create: seen(await operations.createBulkReadJob(whole)) };
  const job = BigInt(told.create.body.data[0].details.id);
  told.job = seen(await operations.getBulkReadJobDetails(job));
  told.early = seen(await operations.downloadResult(job));
  return told;
}

async function bulk_fetch(given) {
  const operations = new BulkRead.BulkReadOperations();
  const told = { job: seen(await operations.getBulkReadJobDetails(BigInt(given.job))) };
  const answer = await operations.downloadResult(BigInt(given.job));
  const file = (await answer.getObject()).getFile(); // of a file, the SDK hands out a promise
  writeFileSync(`${process.argv[4]}/${file.getName()}`, file.getStream());
  return { ...told, file: file.getName() };
}

async function ask(given) {
  const told = { coql: [], search: [] };
  for (const text of given.coql) {
    const whole = new Coql.BodyWrapper();
    whole.setSelectQuery(text);
    told.coql.push(seen(await new Coql.CoqlOperations().getRecords(whole)));
  }
  for (const [module, asked] of given.search) {
    const found = new Record.RecordOperations(module);
    told.search.push(seen(await found.searchRecords(await parameters(Record.SearchRecordsParam, asked))));
  }
  return told;
}

async function settings(given) {
  const told = { modules: seen(await new Modules.ModulesOperations().getModules()) };
  told.module = seen(await new Modules.ModulesOperations().getModuleByAPIName(given.module));
  const answer = await new Fields.FieldsOperations().getFields(
    await parameters(Fields.GetFieldsParam, { module: given.module }),
  );
  told.fields = seen(answer);
  const one = await parameters(Fields.GetFieldParam, { module: given.module });
  told.field = seen(await new Fields.FieldsOperations().getField(answer.getObject().getFields()[0].getId(), one));
  return told;
}

async function refused(given) {
  const operations = new Record.RecordOperations("Accounts");
  const told = { good: seen(await operations.createRecords(body([given.good]))) };
  for (const name of ["invalid", "missing", "double", "mixed"]) {
    told[name] = seen(await operations.createRecords(body(given[name])));
  }
  const unknown = BigInt(given.unknown_id);
  const read = await parameters(Record.GetRecordParam, { fields: "Account_Name" });
  told.unknown_id = seen(await operations.getRecord(unknown, read));
  told.delete_unknown_id = seen(await operations.deleteRecord(unknown));
  told.update_unknown_id = seen(await operations.updateRecord(unknown, body([given.good])));
  return told;
}

const scenarios = { life, pages, changed, watch, unwatch, bulk_order, bulk_fetch, ask, settings, refused };
const [scenario, url, folder, given = "{}"] = process.argv.slice(2);
const environment = sdk.DataCenter.setEnvironment(url, `${url}/oauth/v2/token`, url);
const token = new sdk.OAuthBuilder()
  .clientId("1000.C")
  .clientSecret("s")
  .refreshToken("1000.r")
  .build();
const builder = await new sdk.InitializeBuilder();
await builder
  .environment(environment)
  .token(token)
  .store(new sdk.FileStore(`${folder}/tokens.csv`))
  .resourcePath(folder)
  .initialize();
const told = await scenarios[scenario](JSON.parse(given));
const digits = (key, value) => (typeof value === "bigint" ? `${value}n!` : value);
process.stdout.write(JSON.stringify(told, digits).replace(/"(-?\d+)n!"/g, "$1"));
