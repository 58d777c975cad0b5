with days as (
    select
        *,
        coalesce(reported_play_count, event_count) as play_count,
        cast(round(hours_watched * 3600000) as bigint) as watched_ms,
        min(activity_date) over () as first_date,
        {{ open_day() }} as open_day
    from {{ ref('media_daily') }}
),

described as (
    select
        media_id,
        {{ local_date('created_at') }} as uploaded_on
    from {{ ref('dim_media') }}
),

aged as (
    select
        days.*,
        described.uploaded_on,
        date_diff('day', described.uploaded_on, days.activity_date) as age,
        -- Days that are over, of a video whose first one is known.
        case
            when described.uploaded_on >= days.first_date
                then date_diff('day', described.uploaded_on, days.open_day)
        end as whole_days
    from days
    left join described
        on days.media_id = described.media_id
),

windows as (
    select
        media_id,
        uploaded_on,
        {% for span in [7, 28] %}
            case
                when max(whole_days) >= {{ span }}
                    then
                        cast(coalesce(sum(
                            case when age >= 0 and age < {{ span }} then play_count end
                        ), 0) as bigint)
            end as first_{{ span }}_days_plays,
            case
                when max(whole_days) >= {{ span }}
                    then
                        cast(sum(
                            case when age >= 0 and age < {{ span }} then watched_ms end
                        ) as double) / 3600000
            end as first_{{ span }}_days_hours,
        {% endfor %}
        {{ sum_of_whole_days('play_count', 7, 0) }} as last_7_days_plays,
        {{ sum_of_whole_days('play_count', 14, 7) }} as before_7_days_plays
    from aged
    group by media_id, uploaded_on
)

select
    media_id,
    uploaded_on,
    first_7_days_plays,
    first_7_days_hours,
    first_28_days_plays,
    first_28_days_hours,
    last_7_days_plays,
    before_7_days_plays,
    {{ chance_of_change('last_7_days_plays', 'before_7_days_plays') }} as change_chance
from windows
