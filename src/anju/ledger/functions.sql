-- The only code that writes the books. The functions that the platform may call run as the tables' owner and take their locks in
-- one order (account, slot), so that no two of them wait for each other.
-- They look for tables in pg_temp last, where whoever calls them could have put others of the same names.
-- Errors: never_overdrawn (a constraint) not enough; AJ002 no such account, or closed; AJ003 the key names another wish; AJ004 no such reservation, or not
-- for as much; AJ005 decided already; AJ006 expired, or not yet; AJ007 the account is not empty.

create function ledger_open(
    p_id uuid, p_kind text, p_rule text, p_community uuid, p_holder uuid, p_thing uuid, p_slots integer
) returns uuid
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    v_id uuid;
begin
    insert into ledger_account (id, kind, rule, community_id, holder, thing, slots)
    values (p_id, p_kind, p_rule, p_community, p_holder, p_thing, p_slots)
    on conflict on constraint one_account_a_place do nothing
    returning id into v_id;
    if v_id is not null then
        insert into ledger_balance (account_id, slot, rule, posted, held, moves)
        select v_id, slot, p_rule, 0, 0, 0 from generate_series(0, p_slots - 1) slot;
        return v_id;
    end if;
    select id into v_id from ledger_account
    where kind = p_kind and holder is not distinct from p_holder
    and community_id is not distinct from p_community and thing is not distinct from p_thing;
    return v_id;
end $$;

create function ledger_close(p_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    perform 1 from ledger_balance where account_id = p_id order by slot for no key update;
    if exists (select from ledger_balance where account_id = p_id and held <> 0)
    or (select coalesce(sum(posted), 0) from ledger_balance where account_id = p_id) <> 0 then
        raise exception 'not empty' using errcode = 'AJ007';
    end if;
    update ledger_account set closed_at = clock_timestamp() where id = p_id and closed_at is null;
end $$;

-- The account, or AJ002. A closed one takes part in nothing but deciding what was reserved before.
create function ledger_account_of(p_id uuid, p_closed_too boolean) returns ledger_account
language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
declare
    v_account ledger_account;
begin
    select * into v_account from ledger_account where id = p_id;
    if not found or (v_account.closed_at is not null and not p_closed_too) then
        raise exception 'no such account' using errcode = 'AJ002';
    end if;
    return v_account;
end $$;

-- Whoever closes an account holds its slots: once they are ours, it can be seen whether it was closed while we waited.
create function ledger_still_open(p_debit uuid, p_credit uuid) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if exists (select from ledger_account where id in (p_debit, p_credit) and closed_at is not null) then
        raise exception 'no such account' using errcode = 'AJ002';
    end if;
end $$;

-- Which slot of an account this side touches: the first when money is taken out, any when it comes in.
create function ledger_slot(p_account ledger_account, p_takes boolean) returns smallint
language sql volatile set search_path = pg_catalog, public, pg_temp as $$
    select case when p_takes or p_account.slots = 1 then 0 else floor(random() * p_account.slots) end::smallint
$$;

-- Lock what a movement touches, in order. Where money is taken out of a divided account whose first slot has not enough, all its
-- slots are locked and what lies on the others is moved to the first.
create function ledger_lock(
    p_key text, p_debit ledger_account, p_debit_slot smallint, p_credit ledger_account, p_credit_slot smallint, p_amount bigint
) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    v_debit_all boolean := p_debit.slots > 1 and p_debit.rule = 'credit';
    v_credit_all boolean := p_credit.slots > 1 and p_credit.rule = 'debit';
begin
    perform 1 from ledger_balance
    where (account_id = p_debit.id and (slot = p_debit_slot or v_debit_all))
    or (account_id = p_credit.id and (slot = p_credit_slot or v_credit_all))
    order by account_id, slot for no key update;
    if v_debit_all then perform ledger_gather(p_key || ':d', p_debit, p_amount); end if;
    if v_credit_all then perform ledger_gather(p_key || ':c', p_credit, p_amount); end if;
end $$;

create function ledger_gather(p_key text, p_account ledger_account, p_amount bigint) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    v_slot ledger_balance;
begin
    if (select abs(posted) - held >= p_amount from ledger_balance where account_id = p_account.id and slot = 0) then
        return;
    end if;
    for v_slot in
        select * from ledger_balance where account_id = p_account.id and slot > 0 and posted <> 0 order by slot
    loop
        perform ledger_write(
            gen_random_uuid(), p_key || v_slot.slot, 'move',
            p_account.id, (case when v_slot.posted > 0 then v_slot.slot else 0 end)::smallint,
            p_account.id, (case when v_slot.posted > 0 then 0 else v_slot.slot end)::smallint,
            abs(v_slot.posted), 'gather', null, null, 0, 0
        );
    end loop;
end $$;

-- Move an amount between two slots and write it down. p_debit_freed, p_credit_freed: what had been reserved for it.
create function ledger_write(
    p_id uuid, p_key text, p_phase text, p_debit uuid, p_debit_slot smallint, p_credit uuid, p_credit_slot smallint,
    p_amount bigint, p_kind text, p_thing uuid, p_pending uuid, p_debit_freed bigint, p_credit_freed bigint
) returns ledger_transfer
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    v_debit ledger_balance;
    v_credit ledger_balance;
    v_done ledger_transfer;
begin
    if (p_debit, p_debit_slot) < (p_credit, p_credit_slot) then
        update ledger_balance set posted = posted - p_amount, held = held - p_debit_freed, moves = moves + 1
        where account_id = p_debit and slot = p_debit_slot returning * into v_debit;
    end if;
    update ledger_balance set posted = posted + p_amount, held = held - p_credit_freed, moves = moves + 1
    where account_id = p_credit and slot = p_credit_slot returning * into v_credit;
    if v_debit is null then
        update ledger_balance set posted = posted - p_amount, held = held - p_debit_freed, moves = moves + 1
        where account_id = p_debit and slot = p_debit_slot returning * into v_debit;
    end if;
    insert into ledger_transfer (
        id, key, phase, debit_id, debit_slot, credit_id, credit_slot, amount, kind, thing, pending_id, at,
        debit_number, debit_after, credit_number, credit_after
    ) values (
        p_id, p_key, p_phase, p_debit, p_debit_slot, p_credit, p_credit_slot, p_amount, p_kind, p_thing, p_pending,
        clock_timestamp(), v_debit.moves, v_debit.posted, v_credit.moves, v_credit.posted
    ) returning * into v_done;
    return v_done;
end $$;

-- The row that this key names already, if it is the same wish. Null: it names none.
create function ledger_said(
    p_key text, p_phase text, p_debit uuid, p_credit uuid, p_amount bigint, p_kind text, p_thing uuid
) returns ledger_transfer
language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
declare
    v_said ledger_transfer;
begin
    select * into v_said from ledger_transfer where key = p_key;
    if v_said.id is not null and (
        v_said.phase, v_said.debit_id, v_said.credit_id, v_said.amount, v_said.kind, v_said.thing
    ) is distinct from (p_phase, p_debit, p_credit, p_amount, p_kind, p_thing) then
        raise exception 'another wish' using errcode = 'AJ003';
    end if;
    return v_said;
end $$;

create function ledger_move(
    p_id uuid, p_key text, p_debit uuid, p_credit uuid, p_amount bigint, p_kind text, p_thing uuid
) returns ledger_transfer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    v_debit ledger_account;
    v_credit ledger_account;
    v_debit_slot smallint;
    v_credit_slot smallint;
    v_done ledger_transfer;
    v_said ledger_transfer := ledger_said(p_key, 'move', p_debit, p_credit, p_amount, p_kind, p_thing);
begin
    if v_said.id is not null then return v_said; end if;
    v_debit := ledger_account_of(p_debit, false);
    v_credit := ledger_account_of(p_credit, false);
    v_debit_slot := ledger_slot(v_debit, v_debit.rule = 'credit');
    v_credit_slot := ledger_slot(v_credit, v_credit.rule = 'debit');
    if (v_debit.slots > 1 and v_debit.rule = 'credit') or (v_credit.slots > 1 and v_credit.rule = 'debit') then
        perform ledger_lock(p_key, v_debit, v_debit_slot, v_credit, v_credit_slot, p_amount);
    end if;
    v_done := ledger_write(
        p_id, p_key, 'move', p_debit, v_debit_slot, p_credit, v_credit_slot, p_amount, p_kind, p_thing, null, 0, 0
    );
    perform ledger_still_open(p_debit, p_credit);
    return v_done;
end $$;

create function ledger_reserve(
    p_id uuid, p_key text, p_debit uuid, p_credit uuid, p_amount bigint, p_kind text, p_thing uuid, p_expires timestamptz
) returns ledger_transfer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    v_debit ledger_account;
    v_credit ledger_account;
    v_done ledger_transfer := ledger_said(p_key, 'reserve', p_debit, p_credit, p_amount, p_kind, p_thing);
begin
    if v_done.id is not null then return v_done; end if;
    v_debit := ledger_account_of(p_debit, false);
    v_credit := ledger_account_of(p_credit, false);
    perform ledger_lock(p_key, v_debit, 0::smallint, v_credit, 0::smallint, p_amount);
    perform ledger_still_open(p_debit, p_credit);
    if v_debit.rule = 'credit' then
        update ledger_balance set held = held + p_amount where account_id = p_debit and slot = 0;
    end if;
    if v_credit.rule = 'debit' then
        update ledger_balance set held = held + p_amount where account_id = p_credit and slot = 0;
    end if;
    insert into ledger_transfer (
        id, key, phase, debit_id, debit_slot, credit_id, credit_slot, amount, kind, thing, expires_at, at
    ) values (
        p_id, p_key, 'reserve', p_debit, 0, p_credit, 0, p_amount, p_kind, p_thing, p_expires, clock_timestamp()
    ) returning * into v_done;
    return v_done;
end $$;

-- Decide a reservation: post all or a part of it (the rest is free again), void it, or let it go when its time has passed.
create function ledger_decide(p_id uuid, p_key text, p_pending uuid, p_phase text, p_amount bigint) returns ledger_transfer
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    v_pending ledger_transfer;
    v_debit ledger_account;
    v_credit ledger_account;
    v_debit_freed bigint;
    v_credit_freed bigint;
    v_amount bigint;
    v_done ledger_transfer;
begin
    select * into v_pending from ledger_transfer where id = p_pending and phase = 'reserve';
    v_amount := coalesce(p_amount, v_pending.amount);
    if v_pending.id is null or v_amount > v_pending.amount or p_phase not in ('post', 'void', 'expire') then
        raise exception 'no such reservation' using errcode = 'AJ004';
    end if;
    v_done := ledger_said(
        p_key, p_phase, v_pending.debit_id, v_pending.credit_id, v_amount, v_pending.kind, v_pending.thing
    );
    if v_done.id is not null then return v_done; end if;
    v_debit := ledger_account_of(v_pending.debit_id, true);
    v_credit := ledger_account_of(v_pending.credit_id, true);
    perform 1 from ledger_balance where account_id in (v_debit.id, v_credit.id) and slot = 0
    order by account_id, slot for no key update;
    if exists (select from ledger_transfer where pending_id = p_pending) then
        raise exception 'decided already' using errcode = 'AJ005';
    end if;
    if v_pending.expires_at is not null and p_phase = 'post' and v_pending.expires_at <= clock_timestamp()
    or p_phase = 'expire' and coalesce(v_pending.expires_at > clock_timestamp(), true) then
        raise exception 'not in its time' using errcode = 'AJ006';
    end if;
    v_debit_freed := case when v_debit.rule = 'credit' then v_pending.amount else 0 end;
    v_credit_freed := case when v_credit.rule = 'debit' then v_pending.amount else 0 end;
    if p_phase = 'post' then
        return ledger_write(
            p_id, p_key, 'post', v_debit.id, 0::smallint, v_credit.id, 0::smallint, v_amount,
            v_pending.kind, v_pending.thing, p_pending, v_debit_freed, v_credit_freed
        );
    end if;
    update ledger_balance set held = held - v_debit_freed where account_id = v_debit.id and slot = 0;
    update ledger_balance set held = held - v_credit_freed where account_id = v_credit.id and slot = 0;
    insert into ledger_transfer (
        id, key, phase, debit_id, debit_slot, credit_id, credit_slot, amount, kind, thing, pending_id, at
    ) values (
        p_id, p_key, p_phase, v_debit.id, 0, v_credit.id, 0, v_amount, v_pending.kind, v_pending.thing, p_pending,
        clock_timestamp()
    ) returning * into v_done;
    return v_done;
end $$;

-- What the books say of themselves: one line for each thing that does not add up.
create function ledger_problems() returns setof text
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    with side as (
        select debit_id account, debit_slot slot, debit_number number, -amount amount, debit_after after, at
        from ledger_transfer where phase in ('move', 'post')
        union all
        select credit_id, credit_slot, credit_number, amount, credit_after, at
        from ledger_transfer where phase in ('move', 'post')
    ), chained as (
        select *, coalesce(lag(after) over w, 0) before, coalesce(lag(number) over w, 0) previous,
        lag(at) over w earlier
        from side window w as (partition by account, slot order by number)
    ), last as (
        select account, slot, max(number) moves, sum(amount) posted from side group by account, slot
    ), open as (
        select p.debit_id, p.credit_id, p.amount from ledger_transfer p
        where p.phase = 'reserve' and not exists (select from ledger_transfer d where d.pending_id = p.id)
    ), held as (
        select account, sum(amount) held from (
            select debit_id account, 'credit' rule, amount from open
            union all
            select credit_id, 'debit', amount from open
        ) sides join ledger_account a on a.id = account and a.rule = sides.rule group by account
    )
    select format('all accounts together come to %s, not 0', sum(posted)) from ledger_balance having sum(posted) <> 0
    union all
    select format('account %s slot %s: move %s says %s after %s and %s', account, slot, number, after, before, amount)
    from chained where after <> before + amount or number <> previous + 1
    union all
    select format('account %s slot %s: move %s is earlier than the one before it', account, slot, number)
    from chained where at < earlier
    union all
    select format('account %s slot %s: has %s in %s moves, the journal says %s in %s', b.account_id, b.slot, b.posted,
        b.moves, coalesce(l.posted, 0), coalesce(l.moves, 0))
    from ledger_balance b left join last l on l.account = b.account_id and l.slot = b.slot
    where b.posted <> coalesce(l.posted, 0) or b.moves <> coalesce(l.moves, 0)
    union all
    select format('account %s: %s is held, open reservations come to %s', b.account_id, b.held, coalesce(h.held, 0))
    from ledger_balance b left join held h on h.account = b.account_id and b.slot = 0
    where b.held <> coalesce(h.held, 0)
$$;

revoke all on function
    ledger_open(uuid, text, text, uuid, uuid, uuid, integer), ledger_close(uuid),
    ledger_account_of(uuid, boolean), ledger_still_open(uuid, uuid), ledger_slot(ledger_account, boolean),
    ledger_lock(text, ledger_account, smallint, ledger_account, smallint, bigint),
    ledger_gather(text, ledger_account, bigint),
    ledger_write(uuid, text, text, uuid, smallint, uuid, smallint, bigint, text, uuid, uuid, bigint, bigint),
    ledger_said(text, text, uuid, uuid, bigint, text, uuid),
    ledger_move(uuid, text, uuid, uuid, bigint, text, uuid),
    ledger_reserve(uuid, text, uuid, uuid, bigint, text, uuid, timestamptz),
    ledger_decide(uuid, text, uuid, text, bigint), ledger_problems()
from public;
-- Row-level security binds the owner as well; these functions see every account.
create policy ledger_functions on ledger_account to current_user using (true) with check (true);
create policy ledger_functions on ledger_balance to current_user using (true) with check (true);
create policy ledger_functions on ledger_transfer to current_user using (true) with check (true);
alter table ledger_balance set (fillfactor = 50);
