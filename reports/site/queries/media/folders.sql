select distinct folder as value, folder as label from pages.media where folder is not null order by folder
